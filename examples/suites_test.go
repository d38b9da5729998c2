package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/suite"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// suites returns the shipped suites and the table of files that names each.
func suites() map[string]string {
	return map[string]string{
		"15-suite.suite.yaml":                 "README.md",
		"../scenarios/remediation.suite.yaml": "../scenarios/README.md",
		"../scenarios/catalogue.suite.yaml":   "../scenarios/README.md",
		"../scenarios/operations.suite.yaml":  "../scenarios/README.md",
		"../scenarios/chaos.suite.yaml":       "../scenarios/README.md",
		"../scenarios/staging.suite.yaml":     "../scenarios/README.md",
		"../scenarios/performance.suite.yaml": "../scenarios/README.md",
		"../scenarios/resilience.suite.yaml":  "../scenarios/README.md",

		"../scenarios/multi-cluster.suite.yaml": "../scenarios/README.md",
	}
}

// TestSuitesLoad checks every suite as validate does, and that it helps its editor and its reader.
func TestSuitesLoad(t *testing.T) {
	modeline := regexp.MustCompile(`^# yaml-language-server: \$schema=\.\./schema/suite\.schema\.json\n`)
	env := kube.NewEnv(kube.Options{Settings: servers()})
	t.Cleanup(env.Close)
	for path, readme := range suites() {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !modeline.Match(data) {
			t.Errorf("%s does not start with the line that tells editors its schema", path)
		}
		loaded, err := suite.Load(t.Context(), builtin.New(env), path, data, project())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range loaded.Diagnostics {
			t.Error(d)
		}
		if table, err := os.ReadFile(readme); err != nil || !strings.Contains(string(table), "]("+filepath.Base(path)+")") {
			t.Errorf("%s has no link to %s (%v)", readme, path, err)
		}
	}
}

// TestSuitesOfStoriesHaveAll keeps a new story from being left out.
func TestSuitesOfStoriesHaveAll(t *testing.T) {
	_, stories := shipped(t)
	env := kube.NewEnv(kube.Options{Settings: servers()})
	t.Cleanup(env.Close)
	for _, name := range []string{"remediation", "operations", "performance", "chaos", "staging", "multi-cluster"} {
		path := "../scenarios/" + name + ".suite.yaml"
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := suite.Load(t.Context(), builtin.New(env), path, data, project())
		if err != nil || loaded.Suite == nil {
			t.Fatal(err, loaded)
		}
		all := 0
		for _, story := range stories {
			if filepath.Dir(story) == "../scenarios/"+name { // folders in it need more than a sandbox
				all++
			}
		}
		if all == 0 || len(loaded.Suite.Scenarios) != all {
			t.Errorf("the suite %s has %d scenarios, the folder %d", name, len(loaded.Suite.Scenarios), all)
		}
	}
}

// TestEveryOperationHasAStory holds the library to the catalogue of the remediator.
func TestEveryOperationHasAStory(t *testing.T) {
	_, stories := shipped(t)
	var told []string
	for _, story := range stories {
		if name, found := strings.CutPrefix(story, "../scenarios/operations/"); found {
			told = append(told, strings.ReplaceAll(strings.TrimSuffix(name, suffix), "-", "_"))
		}
	}
	readme, err := os.ReadFile("remediator/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [A-Z]").FindAllSubmatch(readme, -1) {
		known = append(known, string(row[1]))
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, told); diff != "" || len(known) != 27 {
		t.Errorf("the operations of the remediator (%d) and the stories (-known +told):\n%s", len(known), diff)
	}
}

// TestSuitePasses runs the example with the built program.
func TestSuitePasses(t *testing.T) {
	output, code := runner(t, "run", "--kubeconfig", kubetest.Kubeconfig(t), "15-suite.suite.yaml")
	if code != 0 || !strings.Contains(output, "✓ suite first-steps passed\n  ✓ 5 of 5 passed; passRate 1 >= 0.8 holds\n") {
		t.Errorf("exit code %d, want 0:\n%s", code, output)
	}
}
