package deletestep_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	deletestep "github.com/scenario-runner/scenario-runner/steps/delete"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, deletestep.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	const all = ` means all of them in the namespace; give a name or labels, or say all: true [invalid-value]` + "\n"
	tests := []struct{ name, body, want string }{
		{"all", "pods", `step.yaml:1:1: "pods"` + all},
		{"all in a list", "[pod/a, pods]", `step.yaml:1:9: "pods"` + all},
		{"all in a mapping", "objects: {kind: Pod, namespace: a}", `step.yaml:1:1: "Pod"` + all},
		{"name and labels", "objects: [{kind: Pod, name: a, labels: {a: b}}]", "step.yaml:1:11: Pod/a[a=b] has a name and a label selector; give one of them [invalid-value]\n"},
		{"propagation", "objects: pod/a\npropagation: backgroun", `step.yaml:2:14: propagation: "backgroun" is not one of its values; did you mean "background"? [unknown-value]` + "\n"},
		{"known later", "objects: [{kind: Pod, name: \"${{ vars.a }}\"}, \"pod/${{ vars.a }}\", {kind: Pod, labels: {app: \"${{ vars.a }}\"}}]", ""},
		{"told so", "objects: pods\nall: true", ""},
		{"one later", "objects: {kind: Pod, name: \"${{ vars.a }}\"}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: deletestep.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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

func configMap(name, more string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + more + "}\n"
}

func names(out map[string]any) []string {
	list := []string{}
	for _, o := range out["objects"].([]any) {
		object := o.(map[string]any)
		list = append(list, object["kind"].(string)+"/"+object["name"].(string))
	}
	return list
}

func TestDeletesByNameSelectorAndKind(t *testing.T) {
	c := kubetest.New(t)
	for _, object := range []string{
		configMap("a", ""), configMap("b", ""), configMap("c", ", labels: {set: one}"), configMap("d", ", labels: {set: one}"),
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n", "apiVersion: v1\nkind: Secret\nmetadata: {name: r}\n",
	} {
		c.Apply(t, object)
	}
	tests := []struct {
		body string
		want []string
	}{
		{"configmap/a", []string{"ConfigMap/a"}},
		{"objects: [{kind: ConfigMap, labels: {set: one}}, cm/b]", []string{"ConfigMap/c", "ConfigMap/d", "ConfigMap/b"}},
		{"{objects: secrets, all: true}", []string{"Secret/r", "Secret/s"}},
		{"{objects: [configmap/a, secrets], all: true, ignoreMissing: true}", []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			out, err := steptest.Use{Definition: deletestep.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, names(out)); diff != "" {
				t.Error(diff)
			}
			if out["count"] != len(tt.want) || out["took"].(time.Duration) <= 0 {
				t.Errorf("count %v, took %v", out["count"], out["took"])
			}
			for _, name := range tt.want {
				ref, err := kube.ParseRef(name)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Target.Get(t.Context(), ref); !kube.IsNotFound(err) {
					t.Errorf("%s is still there when the step ends: %v", name, err)
				}
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	where := " in namespace " + c.Target.Namespace
	tests := []struct {
		body    string
		verdict step.Verdict
		want    string
	}{
		{"pod/nothing", step.Failed, "pod/nothing does not exist" + where + "; if that is fine, say ignoreMissing: true"},
		{"node/nothing", step.Failed, "node/nothing does not exist; if that is fine, say ignoreMissing: true"},
		{"objects: {kind: Pod, labels: {app: web}}", step.Inconclusive, "Pod[app=web] matches nothing" + where + ", so nothing was deleted; if that is fine, say ignoreMissing: true"},
		{"pdo/a", step.Errored, `the server has no kind "pdo"; did you mean "pod"?`},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			_, err := steptest.Use{Definition: deletestep.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestFinalizerIsNamedWhenTimeIsOver(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, configMap("held", ", finalizers: [example.com/hold]"))
	defer func() {
		_, err := c.Target.Patch(t.Context(), kube.Ref{Kind: "cm", Name: "held"}, kube.Patch{Body: map[string]any{"metadata": map[string]any{"finalizers": nil}}})
		if err != nil {
			t.Error(err)
		}
	}()
	use := steptest.Use{Definition: deletestep.New(c.Env), Run: c.Run}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	out, err := use.Do(ctx, t, "configmap/held")
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || failure.Verdict != step.Failed || failure.Message != "timed out waiting until 1 of 1 objects are gone" {
		t.Fatalf("error is %v", err)
	}
	want := []step.Section{{Title: "still there", Lines: []string{"ConfigMap held is still there (held by the finalizers example.com/hold)"}}}
	if diff := cmp.Diff(want, failure.Sections); diff != "" {
		t.Error(diff)
	}
	if out["count"] != 1 {
		t.Errorf("count is %v", out["count"])
	}
	if _, err := use.Do(t.Context(), t, "{objects: configmap/held, wait: false}"); err != nil {
		t.Errorf("without waiting: %v", err)
	}
	cancelled, stop := context.WithCancel(t.Context())
	c.Host.OnProgress = func(string) { stop() }
	if _, err := use.Do(cancelled, t, "configmap/held"); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancellation: %v", err)
	}
}

func TestGracePeriodAndPropagation(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}, annotations: {sandbox.scenario-runner.dev/termination-delay: 1h}}, spec: {containers: [{name: app, image: a}]}}}\n")
	pods := kube.Ref{Kind: "pods", Labels: map[string]string{"app": "web"}}
	if err := c.Target.WatchRef(t.Context(), pods, func(shot kube.Snapshot) (bool, error) { return len(shot.Objects) == 1, nil }); err != nil {
		t.Fatal(err)
	}
	use := steptest.Use{Definition: deletestep.New(c.Env), Run: c.Run}
	if _, err := use.Do(t.Context(), t, "{objects: replicaset/web, propagation: orphan}"); err != nil {
		t.Fatal(err)
	}
	left, err := c.Target.List(t.Context(), pods)
	if err != nil || len(left) != 1 {
		t.Fatalf("orphans: %v, %v", left, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if out, err := use.Do(ctx, t, "{objects: {kind: Pod, labels: {app: web}}, gracePeriod: 0s}"); err != nil || out["count"] != 1 {
		t.Errorf("pods that end slowly: %v, %v", out, err)
	}
}

func TestUndoMakesItAgainElsewhere(t *testing.T) {
	c := kubetest.New(t)
	away := kubetest.Object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+c.Target.Namespace+", namespace: default, labels: {a: b}}\ndata: {mode: slow}\n")
	applied, err := c.Target.Apply(t.Context(), away, kube.Change{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	use := steptest.Use{Definition: deletestep.New(c.Env), Run: c.Run}
	if _, err := use.Do(t.Context(), t, "objects: {kind: ConfigMap, name: "+away.GetName()+", namespace: default}"); err != nil {
		t.Fatal(err)
	}
	if err := c.Host.Close(); err != nil {
		t.Fatal(err)
	}
	ref := kube.Ref{Kind: "configmap", Name: away.GetName(), Namespace: "default"}
	again, err := c.Target.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(applied.Object.Object["data"], again.Object["data"]); diff != "" || again.GetLabels()["a"] != "b" {
		t.Error(diff, again.GetLabels())
	}
	if _, err := use.Do(t.Context(), t, "{objects: {kind: ConfigMap, name: "+away.GetName()+", namespace: default}, undo: keep}"); err != nil {
		t.Fatal(err)
	}
	if open := c.Host.Open(); len(open) != 0 {
		t.Errorf("undo: keep left %v in the ledger", open)
	}
}
