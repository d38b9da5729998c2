package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// TestOverlaysAreTheWholeEnvironment builds what people apply and compares it with what the stories deploy part by part.
func TestOverlaysAreTheWholeEnvironment(t *testing.T) {
	var parts []string
	files, err := filepath.Glob("staging/base/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile("staging/staging.template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.ToSlash(strings.TrimPrefix(file, "staging/"))
		if name == "base/kustomization.yaml" {
			continue
		}
		if !strings.Contains(string(template), name) {
			t.Errorf("the template does not deploy %s", name)
		}
		objects, errs := manifest.Read("staging", name)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		parts = append(parts, named(objects)...)
	}
	slices.Sort(parts)
	for _, platform := range []string{"kubernetes", "openshift"} {
		objects, err := manifest.Kustomize("staging", "overlays/"+platform)
		if err != nil {
			t.Fatal(err)
		}
		built := named(objects)
		missing := slices.DeleteFunc(slices.Clone(parts), func(name string) bool { return slices.Contains(built, name) })
		if diff := cmp.Diff([]string{}, missing); diff != "" || len(built) <= len(parts) {
			t.Errorf("the overlay %s lacks parts, or adds none to %d (%d):\n%s", platform, len(parts), len(built), diff)
		}
	}
}

func named(objects []manifest.Object) []string {
	names := make([]string, 0, len(objects))
	for _, o := range objects {
		names = append(names, o.GetKind()+"/"+o.GetName())
	}
	return names
}

// TestPipelineOfStagingRunsEveryStory carries out the list of the shipped pipeline: every story is in exactly one part.
func TestPipelineOfStagingRunsEveryStory(t *testing.T) {
	pipeline, err := os.ReadFile("staging/github-actions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`scenario-runner list (\S+) --output github --shards (\d+)`).FindSubmatch(pipeline)
	if match == nil {
		t.Fatal("the pipeline lists nothing")
	}
	stories, err := filepath.Glob("../" + string(match[1]))
	if err != nil || len(stories) < fewExamples {
		t.Fatalf("the pipeline lists %d stories (%v)", len(stories), err)
	}
	output, code := runner(t, append([]string{"list", "--output", "github", "--shards", string(match[2])}, stories...)...)
	var matrix struct {
		Include []struct {
			Name, File string
			Shard      int
		}
	}
	if err := json.Unmarshal([]byte(output), &matrix); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v:\n%s", code, err, output)
	}
	var listed []string
	for _, part := range matrix.Include {
		listed = append(listed, strings.Fields(part.File)...)
	}
	slices.Sort(listed)
	if diff := cmp.Diff(stories, listed); diff != "" || len(matrix.Include) != 3 {
		t.Errorf("%d parts, want 3; the stories (-want +got):\n%s", len(matrix.Include), diff)
	}
}
