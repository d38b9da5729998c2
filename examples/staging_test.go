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

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
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

// hole is a weakness in the manifests of the environment, and the story that has to notice it.
type hole struct{ file, old, now, story, said string }

func holes() []hole {
	return []hole{
		{
			"examples/staging/base/access.yaml", "verbs: [get, list, watch]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: developers",
			"verbs: [get, list, watch, patch]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: developers",
			"rights-are-least", "group/staging-developers may patch deployments.apps",
		},
		{
			"examples/staging/base/grafana.yaml", `{name: TMPDIR, value: /var/lib/grafana}`, `{name: TMPDIR, value: placeholder-of-the-database-password}`,
			"secrets-stay-inside", `none(.env, .value contains "placeholder-of")`,
		},
		{
			"examples/staging/base/network.yaml", "    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: responder}}}]\n      ports: [{port: 5432}]",
			"    - from: [{podSelector: {}}]\n      ports: [{port: 5432}]", "network-is-closed", "all(database.spec.ingress, ",
		},
		{"examples/staging/base/alertmanager.yaml", "livenessProbe:", "startupProbe:", "components-are-healthy", ".livenessProbe != nil"},
		{"examples/staging/base/limits.yaml", `services.nodeports: "0"`, `services.nodeports: "5"`, "limits-are-kept", "the server would take service/open, but should refuse it"},
		{"examples/staging/staging.template.yaml", "default: restricted", "default: privileged", "privileged-pods-are-refused", "the server would take pod/privileged, but should refuse it"},
	}
}

// TestStagingStoriesNoticeHoles opens the environment where the stories about security and health look, in a copy: each must fail
// because of what it is about.
func TestStagingStoriesNoticeHoles(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"examples/staging", "scenarios/staging", "scenarios/library"} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	config, err := os.ReadFile("../scenario-runner.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "scenario-runner.yaml"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--config", filepath.Join(root, "scenario-runner.yaml"), "--kubeconfig", kubetest.Kubeconfig(t), "--parallel", "6"}
	for _, h := range holes() {
		path := filepath.Join(root, filepath.FromSlash(h.file))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), h.old) {
			t.Fatalf("%s has no %q to change", h.file, h.old)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), h.old, h.now, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(root, "scenarios", "staging", h.story+suffix))
	}
	output, code := runner(t, args...)
	for _, h := range holes() {
		told := regexp.MustCompile(`(?m)^✗ ` + h.story + `  failed.*\n(?:  .*\n)*?.*` + regexp.QuoteMeta(h.said))
		if !told.MatchString(output) {
			t.Errorf("the story %s does not say %q of %s", h.story, h.said, h.file)
		}
	}
	if code != 1 || t.Failed() {
		t.Errorf("exit code %d, want 1:\n%s", code, output)
	}
}
