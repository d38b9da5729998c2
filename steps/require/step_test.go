package require_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/require"
)

func nowhere() *kube.Env { return kube.NewEnv(kube.Options{}) }

func TestContract(t *testing.T) { steptest.Contract(t, require.New(nowhere())) }

func TestMistakes(t *testing.T) {
	for body, want := range map[string]string{
		"{}":                                     "require needs one of kinds, version, nodes, steps [missing-field]",
		"{version: new}":                         `"new" names no versions; write them as in >= 1.30, < 2 [invalid-value]`,
		"{kinds: [deployment/web]}":              `a kind alone is required, found "deployment/web"; to look for objects, put a waitFor or an assert under steps [invalid-value]`,
		"{nodes: {atLeast: -1}}":                 "expected a number of nodes, found -1 [invalid-value]",
		"{nodes: {real: true, simulated: true}}": "no node is both real and simulated; give one of the two [invalid-value]",
		"{kinds: pods, otherwise: fail}":         `"fail"`,
	} {
		_, diags := storytest.Load(t, storytest.Kinds(require.New(nowhere())), "steps:\n  - require: "+body+"\n  - check: 1 == 1\n")
		if !strings.Contains(diags, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", body, diags, want)
		}
	}
}

// What a precondition claims is no claim of the story.
func TestARequirementIsNoClaim(t *testing.T) {
	_, diags := storytest.Load(t, storytest.Kinds(require.New(nowhere())), "steps:\n  - require: {steps: [{check: 1 == 1}]}\n  - give: 1\n")
	if want := "this scenario can't fail"; !strings.Contains(diags, want) {
		t.Errorf("got %s", diags)
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	kinds := storytest.Kinds(require.New(c.Env))
	for body, want := range map[string]struct {
		verdict step.Verdict
		message string
	}{
		"{kinds: [deployments, leases.coordination.k8s.io]}": {step.Passed, ""},
		"{version: '>= 1.30, < 3'}":                          {step.Passed, ""},
		"{nodes: {atLeast: 2, simulated: true}}":             {step.Passed, ""},
		"{steps: [{check: 1 == 1}]}":                         {step.Passed, ""},
		"{kinds: [spaceships.example.com, deploymnets]}": {step.Skipped, `a requirement is not met: the server has no kind "spaceships.example.com"; if it is a custom resource, apply its CustomResourceDefinition first; ` +
			`the server has no kind "deploymnets"; did you mean "deployments"?`},
		"{version: '>= 9'}":                                 {step.Skipped, "a requirement is not met: Kubernetes >= 9 is needed, found v1.37.2"},
		"{version: '>= 9', otherwise: inconclusive}":        {step.Inconclusive, "a requirement is not met: Kubernetes >= 9 is needed, found v1.37.2"},
		"{nodes: {real: true}}":                             {step.Skipped, "a requirement is not met: 1 real node must be ready and take pods, found 0"},
		"{nodes: {atLeast: 2, selector: a=b}}":              {step.Skipped, "a requirement is not met: 2 nodes with a=b must be ready and take pods, found 0"},
		"{version: '< 1', nodes: {real: true, atLeast: 3}}": {step.Skipped, "a requirement is not met: Kubernetes < 1 is needed, found v1.37.2; 3 real nodes must be ready and take pods, found 0"},
		"{steps: [{id: quiet, check: 1 == 2}]}":             {step.Skipped, "a requirement is not met: step quiet failed: 1 == 2 is false"},
		"{steps: [{id: odd, check: '[1][vars.n] == 1'}]}":   {step.Errored, ""},
	} {
		story := storytest.Run(t.Context(), t, kinds, "vars: {n: 7}\nsteps:\n  - id: here\n    require: "+body+"\n  - check: vars.n > 0\n")
		r := story.Result(t, "here")
		if r.Verdict != want.verdict || want.message != "" && r.Message != want.message {
			t.Errorf("%s:\ngot  %s: %s\nwant %s: %s", body, r.Verdict, r.Message, want.verdict, want.message)
		}
		if story.Verdict != want.verdict {
			t.Errorf("%s: the scenario %s", body, story.Verdict)
		}
	}
}

// Where nobody answers, nothing is known of what is there.
func TestAnUnknownClusterIsNoMissingKind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(deaf), 0o600); err != nil {
		t.Fatal(err)
	}
	env := kube.NewEnv(kube.Options{Kubeconfig: file})
	t.Cleanup(env.Close)
	story := storytest.Run(t.Context(), t, storytest.Kinds(require.New(env)), "steps:\n  - id: here\n    require: {kinds: routes.route.openshift.io}\n    timeout: 3s\n  - check: 1 == 1\n")
	if r := story.Result(t, "here"); r.Verdict == step.Skipped || r.Verdict == step.Passed {
		t.Errorf("got %s: %s", r.Verdict, r.Message)
	}
}

const deaf = `apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
users: [{name: a, user: {}}]
current-context: a
`
