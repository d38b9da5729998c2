package patch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/patch"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, patch.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no name", "object: deployments\npatch: {spec: {}}", "step.yaml:1:9: patch needs the name of one object, as in deployment/web [invalid-value]\n"},
		{"operations without type", "object: deployment/web\npatch: [{op: remove, path: /a}]", "step.yaml:2:1: a list of operations is a patch of type json; say type: json [invalid-value]\n"},
		{"json without operations", "object: deployment/web\ntype: json\npatch: {a: 1}", "step.yaml:3:1: a patch of type json is a list of operations, such as {op: replace, path: /spec/replicas, value: 3} [invalid-value]\n"},
		{"apply to status", "object: deployment/web\ntype: apply\nsubresource: status\npatch: {spec: {}}", "step.yaml:3:14: a patch of type apply changes the object itself; use merge for its status [invalid-value]\n"},
		{"type", "object: deployment/web\ntype: merg\npatch: {spec: {}}", `step.yaml:2:7: type: "merg" is not one of its values; did you mean "merge"? [unknown-value]` + "\n"},
		{"no patch", "object: deployment/web", `step.yaml:1:1: patch needs "patch": the patch, as YAML [missing-field]` + "\n"},
		{"no such field", "object: deployment/web\npatch: {spec: {replica: 2, template: {spec: {containers: [{name: a, imag: b}]}}}}", `step.yaml:2:16: unknown field "replica" of spec; did you mean "replicas"? [manifest-field]` + "\n" + `step.yaml:2:69: unknown field "imag" of spec.template.spec.containers[0]; did you mean "image"? [manifest-field]` + "\n"},
		{"wrong type", "object: deployment/web\ntype: strategic\npatch: {spec: {replicas: two, paused: null, template: {$patch: replace}}}", `step.yaml:3:26: spec.replicas: expected a whole number, found "two" [manifest-type]` + "\n"},
		{"status", "object: node/a\nsubresource: status\npatch: {status: {conditions: [{typ: Ready}]}}", `step.yaml:3:32: unknown field "typ" of status.conditions[0]; did you mean "type"? [manifest-field]` + "\n"},
		{"unknown kinds stay quiet", "object: widget/a\npatch: {spek: 1}", ""},
		{"known later", "object: {kind: Deployment, name: \"${{ vars.name }}\"}\npatch: \"${{ vars.patch }}\"", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: patch.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
			if diff := cmp.Diff(tt.want, heads(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// heads drops the excerpts of diagnostics.
func heads(diags string) string {
	var b strings.Builder
	for line := range strings.Lines(diags) {
		if strings.HasPrefix(line, "step.yaml:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

const settings = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: slow, level: low}
`

func data(object any) any { return object.(map[string]any)["data"] }

func TestPatchTypes(t *testing.T) {
	tests := []struct {
		name, body string
		want       map[string]any
		changed    bool
	}{
		{"merge", "patch: {data: {mode: fast, level: null}}", map[string]any{"mode": "fast"}, true},
		{"merge by name", "type: merge\npatch: {data: {mode: fast}}", map[string]any{"mode": "fast", "level": "low"}, true},
		{"strategic", "type: strategic\npatch: {data: {$patch: replace, mode: fast}}", map[string]any{"mode": "fast"}, true},
		{"json", "type: json\npatch: [{op: test, path: /data/mode, value: slow}, {op: replace, path: /data/mode, value: fast}, {op: remove, path: /data/level}]", map[string]any{"mode": "fast"}, true},
		{"apply", "type: apply\npatch: {data: {mode: fast}}", map[string]any{"mode": "fast", "level": "low"}, true},
		{"nothing", "patch: {data: {mode: slow}}", map[string]any{"mode": "slow", "level": "low"}, false},
	}
	c := kubetest.New(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			created, err := c.Target.Create(t.Context(), kubetest.Object(t, strings.Replace(settings, "name: settings", "generateName: settings-", 1)), kube.Change{})
			if err != nil {
				t.Fatal(err)
			}
			out, err := steptest.Use{Definition: patch.New(c.Env), Run: c.Run}.Do(t.Context(), t, "object: configmap/"+created.Object.GetName()+"\n"+tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, data(out["object"])); diff != "" {
				t.Error(diff)
			}
			if out["changed"] != tt.changed || out["took"].(time.Duration) <= 0 {
				t.Errorf("changed %v, took %v", out["changed"], out["took"])
			}
		})
	}
}

func TestStatusIsPatched(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: budget}\nspec: {minAvailable: 1, selector: {matchLabels: {app: nobody}}}\n")
	out, err := steptest.Use{Definition: patch.New(c.Env), Run: c.Run}.Do(t.Context(), t, `
object: pdb/budget
subresource: status
patch: {status: {conditions: [{type: Played, status: "True", reason: Test, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]}}
`)
	if err != nil {
		t.Fatal(err)
	}
	conditions, _, _ := unstructured.NestedSlice(out["object"].(map[string]any), "status", "conditions")
	if len(conditions) == 0 || out["changed"] != true {
		t.Errorf("conditions %v, changed %v", conditions, out["changed"])
	}
}

func TestScaleIsPatched(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: a}]}}}\n")
	out, err := steptest.Use{Definition: patch.New(c.Env), Run: c.Run}.Do(t.Context(), t, "object: deployment/web\nsubresource: scale\npatch: {spec: {replicas: 2}}")
	if err != nil {
		t.Fatal(err)
	}
	if n := out["object"].(map[string]any)["spec"].(map[string]any)["replicas"]; n != 2 {
		t.Errorf("replicas is %v", n)
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, settings)
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"missing", "object: configmap/nothing\npatch: {data: {a: b}}", step.Failed, "configmap/nothing does not exist in namespace " + c.Target.Namespace + ", so there is nothing to patch"},
		{"missing without namespace", "object: node/nothing\npatch: {spec: {unschedulable: true}}", step.Failed, "node/nothing does not exist, so there is nothing to patch"},
		{"no change", "object: configmap/settings\nexpectChange: true\npatch: {data: {mode: slow}}", step.Failed, "the patch changed nothing: configmap/settings was like that already"},
		{"refused", "object: configmap/settings\ntype: json\npatch: [{op: test, path: /data/mode, value: fast}]", step.Errored, "patch ConfigMap settings in namespace " + c.Target.Namespace + ": the server rejected our request due to an error in our request"},
		{"unknown kind", "object: configmpa/settings\npatch: {data: {mode: slow}}", step.Errored, `the server has no kind "configmpa"; did you mean "configmap"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := steptest.Use{Definition: patch.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestUndoRestoresElsewhere(t *testing.T) {
	c := kubetest.New(t)
	away := kubetest.Object(t, settings)
	away.SetNamespace("default")
	away.SetName(c.Target.Namespace)
	applied, err := c.Target.Apply(t.Context(), away, kube.Change{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	run := *c.Run
	run.Namespace = "default"
	use := steptest.Use{Definition: patch.New(c.Env), Run: &run}
	ref := kube.Ref{Kind: "configmap", Name: away.GetName(), Namespace: "default"}
	defer func() {
		if _, err := c.Target.Delete(t.Context(), ref, kube.Deletion{Change: kube.Change{Keep: true}}); err != nil {
			t.Error(err)
		}
	}()
	if _, err := use.Do(t.Context(), t, "object: configmap/"+away.GetName()+"\npatch: {data: {level: null, extra: more}}"); err != nil {
		t.Fatal(err)
	}
	if err := c.Host.Close(); err != nil {
		t.Fatal(err)
	}
	restored, err := c.Target.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data(applied.Object.Object), data(restored.Object)); diff != "" {
		t.Error(diff)
	}
}
