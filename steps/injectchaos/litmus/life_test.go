package litmus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// elsewhere returns an environment without a cluster of its own, like that of a process that only cleans up.
func elsewhere(t *testing.T) *kube.Env {
	t.Helper()
	env := kube.NewEnv(kube.Options{Getenv: func(string) string { return "" }})
	t.Cleanup(env.Close)
	return env
}

// on returns the lab with a host that knows undos of another environment only.
func (l *lab) on(undos []step.Undo) *lab {
	host := steptest.NewHost(l.t, undos...)
	other := *l
	run := *l.Run
	run.Host = host
	cluster := *l.Cluster
	cluster.Host, cluster.Run = host, &run
	other.Cluster = &cluster
	return &other
}

func (l *lab) names(ref kube.Ref) []string {
	l.t.Helper()
	objects, err := l.Target.List(l.ctx, ref)
	if err != nil {
		l.t.Fatal(err)
	}
	var out []string
	for _, object := range objects {
		out = append(out, object.GetName())
	}
	return out
}

func TestDefinesTheKindsAndRemovesThem(t *testing.T) {
	l := newLab(t)
	l.undefine()
	l.web()
	_, err := l.inject("experiment: pod-delete\ndriver: litmus\ntarget: deployment/web\nduration: 1s")
	want := "LitmusChaos is not installed on this cluster: it has no ChaosEngine, ChaosExperiment, ChaosResult; install Litmus with its operator first, or let the step define the kinds with litmus.install: true when the operator runs already"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	play(t, l.Cluster, script{})
	done := make(chan error, 1)
	go func() {
		_, err := l.inject("experiment: pod-delete\ndriver: litmus\ntarget: deployment/web\nlitmus: {install: true}\nduration: 1s")
		done <- err
	}()
	definition := kube.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}
	for _, name := range []string{"chaosengines", "chaosexperiments", "chaosresults"} {
		definition.Name = name + ".litmuschaos.io"
		if err := l.Target.WatchRef(l.ctx, definition, func(shot kube.Snapshot) (bool, error) { return shot.Object != nil, nil }); err != nil {
			t.Fatal(err)
		}
	}
	stop := testparts.ChaosOperator(t, l.Kubeconfig)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	stop() // before its kinds go
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	definition.Name = ""
	for _, name := range l.names(definition) {
		if strings.HasSuffix(name, ".litmuschaos.io") {
			t.Errorf("%s was left", name)
		}
	}
}

func TestOperatorIsMissing(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	l.web()
	err := l.direct(t, litmus.Config{}, "pod-delete", "deployment/web", time.Second, litmus.ImpatientUndos(l.Env, time.Second))
	want := "no chaos operator took the ChaosEngine ENGINE up within 1s, and no pod with the label name=chaos-operator is in any namespace; install LitmusChaos's operator, or see to it that it watches namespace " + l.Target.Namespace
	if got := engineName.ReplaceAllString(err.Error(), "ENGINE"); got != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

func TestAnotherProcessEndsTheExperimentWithoutAnOperator(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	stop := testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{lasting: true})
	l.web()
	killed := l.on(litmus.ImpatientUndos(elsewhere(t), time.Second))
	out, err := killed.inject("experiment: pod-memory-hog\ndriver: litmus\ntarget: deployment/web")
	if err != nil {
		t.Fatal(err)
	}
	if out["verdict"] != "Pass" || out["proof"] != "stated" || out["phase"] != "Running" || out["hit"] != 1 {
		t.Errorf("outputs are %v", out)
	}
	if left := killed.left(); len(left) != 5 {
		t.Errorf("while the fault lasts there are %v, expected an engine, a result, a job and two pods", left)
	}
	if diff := cmp.Diff(1, len(killed.Host.Open())); diff != "" {
		t.Errorf("%v", killed.Host.Open())
	}
	stop()
	if err := killed.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

func TestExperimentIsStoppedWhenTheTimeIsOver(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{lasting: true})
	l.web()
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	l.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "pod-memory-hog holds") {
			cancel()
		}
	}
	out, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(ctx, t, "experiment: pod-memory-hog\ndriver: litmus\ntarget: deployment/web\nduration: 60s")
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	name := out["engine"].(string)
	l.Until(t, litmusVersion+"/ChaosEngine/"+name, func(engine *unstructured.Unstructured) bool {
		state, _, _ := unstructured.NestedString(engine.Object, "spec", "engineState")
		status, _, _ := unstructured.NestedString(engine.Object, "status", "engineStatus")
		return state == "stop" && status == "stopped"
	})
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

func TestTimeoutStopsTheExperiment(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{lasting: true})
	l.web()
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	limited, end := context.WithDeadline(ctx, time.Now().Add(time.Hour))
	defer end()
	l.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "pod-memory-hog is proved") {
			limited, end = context.WithTimeout(ctx, time.Second)
		}
	}
	_ = limited
}

func TestExperimentIsStoppedAtTheTimeout(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{lasting: true})
	l.web()
	ctx, cancel := context.WithTimeout(l.ctx, 8*time.Second)
	defer cancel()
	out, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(ctx, t, "experiment: pod-memory-hog\ndriver: litmus\ntarget: deployment/web\nduration: 60s")
	if want := "the step's time was over before the experiment was"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	name := out["engine"].(string)
	l.Until(t, litmusVersion+"/ChaosEngine/"+name, func(engine *unstructured.Unstructured) bool {
		state, _, _ := unstructured.NestedString(engine.Object, "spec", "engineState")
		return state == "stop"
	})
	failure, _ := errors.AsType[*step.Failure](err)
	last := step.Fact{Name: "last", Value: "ChaosResult " + name + "-pod-memory-hog is in phase Running, its verdict is Awaited: context deadline exceeded"}
	if diff := cmp.Diff(last, failure.Facts[0]); diff != "" {
		t.Error(diff)
	}
	if err := l.Host.Close(); err != nil { // while the operator is there
		t.Fatal(err)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

func TestRightsOnTheWholeClusterAreAskedForAndRemoved(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{})
	node := "target: node/" + l.Target.Namespace + "\n" // one of its own, which no other test needs
	l.Apply(t, "apiVersion: v1\nkind: Node\nmetadata: {name: "+l.Target.Namespace+"}\n")
	_, err := l.inject("experiment: node-taint\ndriver: litmus\n" + node + "duration: 1s")
	want := "node-taint needs rights on the whole cluster; allow the step to create a ClusterRole with litmus.install: true, or name an account with litmus.serviceAccount"
	if err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	out, err := l.inject("experiment: node-taint\ndriver: litmus\n" + node + "litmus: {install: true}\nduration: 1s")
	if err != nil {
		t.Fatal(err)
	}
	if out["proof"] != "observed" || out["hit"] != 1 || out["verdict"] != "Pass" {
		t.Errorf("outputs are %v", out)
	}
	roles := kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Labels: map[string]string{kube.RunLabel: l.Run.Scenario.RunID}}
	bindings := roles
	bindings.Kind = "ClusterRoleBinding"
	engine := []string{out["engine"].(string)}
	if diff := cmp.Diff([][]string{engine, engine}, [][]string{l.names(roles), l.names(bindings)}); diff != "" {
		t.Error(diff)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if left := slices.Concat(l.names(roles), l.names(bindings), l.left()); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

func TestNothingIsCreatedWhenThatIsForbidden(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	l.web()
	in := " in namespace " + l.Target.Namespace
	body := "experiment: pod-delete\ndriver: litmus\ntarget: deployment/web\nlitmus: {install: false}"
	_, err := l.inject(body)
	want := "namespace " + l.Target.Namespace + " has no ChaosExperiment pod-delete, and litmus.install is false; create it first"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	l.Apply(t, "apiVersion: "+litmusVersion+"\nkind: ChaosExperiment\nmetadata: {name: pod-delete}\nspec: {definition: {image: mine}}\n")
	_, err = l.inject(body)
	want = "litmus.install is false, so no ServiceAccount is created; name one with litmus.serviceAccount"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if accounts := l.names(kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}); len(accounts) != 0 {
		t.Errorf("there are roles %v%s", accounts, in)
	}
}

func TestForeignNamespaceIsLeftAsItWas(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	foreign := kubetest.New(t) // its namespace is another scenario's
	play(t, foreign, script{})
	foreign.Apply(t, deployment)
	kinds := []kube.Ref{
		{APIVersion: litmusVersion, Kind: "ChaosExperiment"},
		{APIVersion: "v1", Kind: "ServiceAccount"},
		{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"},
		{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"},
	}
	there := func() (out []string) {
		for _, ref := range kinds {
			ref.Namespace = foreign.Target.Namespace
			for _, name := range l.names(ref) {
				if name != "default" {
					out = append(out, ref.Kind+"/"+engineName.ReplaceAllString(name, "ENGINE"))
				}
			}
		}
		return out
	}
	body := "experiment: pod-delete\ndriver: litmus\ntarget: {kind: Deployment, name: web, namespace: " + foreign.Target.Namespace + "}\nduration: 1s"
	foreign.Until(t, "deployment/web", func(o *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas")
		return n == 3
	})
	if _, err := l.inject(body); err != nil {
		t.Fatal(err)
	}
	want := []string{"ChaosExperiment/pod-delete", "ServiceAccount/ENGINE", "Role/ENGINE", "RoleBinding/ENGINE"}
	if diff := cmp.Diff(want, there()); diff != "" {
		t.Error(diff)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if left := there(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}
