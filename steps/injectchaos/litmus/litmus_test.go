package litmus_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

const (
	litmusVersion = "litmuschaos.io/v1alpha1"
	deployment    = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "registry.example/app:1"}]}
`
)

// lab is a scenario on a sandbox with the kinds of Litmus.
type lab struct {
	*kubetest.Cluster
	t   *testing.T
	ctx context.Context //nolint:containedctx // the life of one test, so that nothing in it hangs
}

func newLab(t *testing.T) *lab {
	t.Helper()
	c := kubetest.New(t)
	c.Host = steptest.NewHost(t, slices.Concat(kubetest.WithoutNamespaceWait(c.Env.Undos()), injectchaos.Undos(c.Env))...)
	run := *c.Run
	run.Host = c.Host
	c.Run = &run
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return &lab{c, t, ctx}
}

// define makes the kinds of Litmus, which stay: tests that come later use them as well.
func (l *lab) define(change func(string) string) {
	l.t.Helper()
	content, err := os.ReadFile("crds.yaml")
	if err != nil {
		l.t.Fatal(err)
	}
	for text := range strings.SplitSeq(change(string(content)), "\n---\n") {
		object := kubetest.Object(l.t, strings.TrimPrefix(text, "---\n"))
		if _, err := l.Target.Apply(l.ctx, object, kube.Change{Keep: true}); err != nil {
			l.t.Fatal(err)
		}
		l.Until(l.t, "customresourcedefinition/"+object.GetName(), func(o *unstructured.Unstructured) bool {
			conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
			return slices.ContainsFunc(conditions, func(c any) bool {
				entry := c.(map[string]any)
				return entry["type"] == "Established" && entry["status"] == "True"
			})
		})
	}
}

func (l *lab) undefine() {
	l.t.Helper()
	for _, name := range []string{"chaosengines", "chaosexperiments", "chaosresults"} {
		ref := kube.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: name + ".litmuschaos.io"}
		if _, err := l.Target.Delete(l.ctx, ref, kube.Deletion{Change: kube.Change{Keep: true}}); err != nil {
			l.t.Fatal(err)
		}
		if err := l.Target.WatchRef(l.ctx, ref, func(shot kube.Snapshot) (bool, error) { return shot.Object == nil, nil }); err != nil {
			l.t.Fatal(err)
		}
	}
}

func asIs(text string) string { return text }

func (l *lab) web() {
	l.t.Helper()
	l.Apply(l.t, deployment)
	l.Until(l.t, "deployment/web", func(o *unstructured.Unstructured) bool { return ready.Of(o).Ready })
}

func (l *lab) inject(body string) (map[string]any, error) {
	l.t.Helper()
	return steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(l.ctx, l.t, body)
}

// left names what is there of Litmus and of its rights in the namespace.
func (l *lab) left() []string {
	l.t.Helper()
	var out []string
	for _, ref := range []kube.Ref{
		{APIVersion: litmusVersion, Kind: "ChaosEngine"},
		{APIVersion: litmusVersion, Kind: "ChaosResult"},
		{APIVersion: "batch/v1", Kind: "Job"},
		{APIVersion: "v1", Kind: "Pod", Selector: "chaosUID"},
	} {
		objects, err := l.Target.List(l.ctx, ref)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, object := range objects {
			out = append(out, object.GetKind()+"/"+object.GetName())
		}
	}
	return out
}

func TestPodDeleteToTheVerdict(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{})
	l.web()
	out, err := l.inject("experiment: pod-delete\ndriver: litmus\ntarget: {kind: Deployment, name: web, count: 2}\nduration: 1s")
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(l.Host.Seen(), "\n"))
	}
	got := map[string]any{}
	for _, key := range []string{"verdict", "driver", "phase", "failStep", "proof", "hit", "probeSuccessPercentage"} {
		got[key] = out[key]
	}
	want := map[string]any{"verdict": "Pass", "driver": "litmus", "phase": "Completed", "failStep": "", "proof": "observed", "hit": 2, "probeSuccessPercentage": 100}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out["goneAfter"].(time.Duration) <= 0 || out["verdictAfter"].(time.Duration) < time.Second {
		t.Errorf("outputs are %v", out)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the step left %v", left)
	}
}
