package kube_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// guestOf is a run that works in the namespace of c without owning it.
func guestOf(c *kubetest.Cluster) *step.Run {
	run := *c.Run
	run.Scenario.Owned, run.Scenario.ID = false, run.Scenario.ID+"-guest"
	return &run
}

const twoContexts = `
apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: prod, context: {cluster: a}}
- {name: staging, context: {cluster: a}}
clusters:
- {name: a, cluster: {server: "http://127.0.0.1:1"}}
`

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestClusterThatCanNotBeUsedIsOneClearError(t *testing.T) {
	file := write(t, "kubeconfig", twoContexts)
	home := t.TempDir()
	const cure = "; name a cluster with --kubeconfig FILE and --context NAME, or use --sandbox for a cluster in the box"
	cases := map[string]struct {
		options kube.Options
		cluster string
		want    string
	}{
		"nothing at all": {
			options: kube.Options{Getenv: environment("HOME", home)},
			want:    "no cluster to use: tried --kubeconfig (not given), KUBECONFIG (not set), " + home + "/.kube/config (no such file), the service account of a pod (not in a pod)" + cure,
		},
		"no such file": {
			options: kube.Options{Kubeconfig: "/nowhere/kubeconfig"},
			want:    "kubeconfig /nowhere/kubeconfig: no such file" + cure,
		},
		"no such context": {
			options: kube.Options{Kubeconfig: file, Context: "stagin"},
			want:    file + ` has no context "stagin"; did you mean "staging"?`,
		},
		"no such cluster": {
			options: kube.Options{Clusters: map[string]kube.Connection{"east": {}, "west": {}}}, cluster: "eats",
			want: `no cluster "eats"; did you mean "east"?`,
		},
		"no clusters have names": {
			cluster: "east",
			want:    `no cluster "east": no clusters have names; name them under clusters in scenario-runner.yaml`,
		},
		"does not answer": {
			options: kube.Options{Kubeconfig: file},
			want:    `the cluster of context "prod" of ` + file + ` does not answer: can't reach http://127.0.0.1:1: connection refused` + cure,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			env := kube.NewEnv(c.options)
			t.Cleanup(env.Close)
			_, err := env.Target(t.Context(), &step.Run{Cluster: c.cluster, Scenario: step.Scenario{Namespace: "default"}})
			if err == nil {
				cluster, clusterErr := env.Cluster(t.Context(), c.cluster)
				if clusterErr != nil {
					t.Fatal(clusterErr)
				}
				_, err = cluster.Find(t.Context(), "", "pods")
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestNamespaceIsMadeOnceForParallelSteps(t *testing.T) {
	c := kubetest.New(t)
	run := *c.Run
	book := &ledger{}
	run.Host = book
	run.Scenario.ID += "-p"
	run.Scenario.Namespace = run.Scenario.ID
	before := requests(c)
	ended := make(chan error)
	for range 8 {
		go func() {
			_, err := c.Env.Target(t.Context(), &run)
			ended <- err
		}()
	}
	for range 8 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if cost := requests(c) - before; cost != 1 || len(book.entries) != 1 {
		t.Errorf("%d requests and %d ledger entries, want one of each", cost, len(book.entries))
	}
	object := get(t, c.Target, "namespace/"+run.Scenario.ID)
	got := map[string]string{
		"run": object.GetLabels()[kube.RunLabel], "scenario": object.GetLabels()[kube.ScenarioLabel], "name": object.GetAnnotations()[kube.NameAnnotation],
	}
	want := map[string]string{"run": run.Scenario.RunID, "scenario": run.Scenario.ID, "name": t.Name()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	c.Env.EndScenario(run.Scenario.ID)
	before = requests(c)
	if err := undo(t, c.Env, "kube.deleteNamespace").Start(context.WithoutCancel(t.Context()), book.entries[0].data); err != nil {
		t.Fatal(err)
	}
	if cost := requests(c) - before; cost != 1 {
		t.Errorf("taking a namespace of this process back cost %d requests, want 1", cost)
	}
}

func TestNamesOfKinds(t *testing.T) {
	c := kubetest.New(t)
	for text, want := range map[string]string{
		"deployment/web": "deployments.apps", "Deployment/web": "deployments.apps", "deploy/web": "deployments.apps",
		"deployments.apps/web": "deployments.apps", "deployments.v1.apps/web": "deployments.apps", "apps/v1/Deployment/web": "deployments.apps",
		"v1/Pod/web": "pods", "po": "pods", "events": "events", "events.events.k8s.io": "events.events.k8s.io", "NS/x": "namespaces",
	} {
		mapping, err := c.Target.Resolve(t.Context(), ref(t, text))
		if err != nil || mapping.String() != want {
			t.Errorf("%s: got %s %v, want %s", text, mapping, err, want)
		}
	}
	for text, want := range map[string]string{
		"deploymnet/web":              `the server has no kind "deploymnet"; did you mean "deployment"?`,
		"apps/v1beta1/Deployment/web": `the server has no kind "Deployment" in apps/v1beta1, but it has one in apps/v1`,
		"Frobnicator/x":               `the server has no kind "Frobnicator"; if it is a custom resource, apply its CustomResourceDefinition first`,
	} {
		if _, err := c.Target.Resolve(t.Context(), ref(t, text)); err == nil || err.Error() != want {
			t.Errorf("%s: got  %v\nwant %s", text, err, want)
		}
	}
}

func TestCustomResourceCanBeUsedRightAfterItsDefinition(t *testing.T) {
	c := kubetest.New(t)
	if _, err := c.Target.List(t.Context(), ref(t, "pods")); err != nil {
		t.Fatal(err)
	}
	group := strings.ReplaceAll(c.Run.Scenario.ID, "-", "") + ".example.org"
	before := requests(c)
	c.Apply(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.`+group+`}
spec:
  group: `+group+`
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, shortNames: [wd]}
  versions:
  - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`)
	c.Apply(t, `{apiVersion: `+group+`/v1, kind: Widget, metadata: {name: a}, spec: {size: 1}}`)
	if object := get(t, c.Target, "wd."+group+"/a"); number(object, "spec", "size") != 1 {
		t.Errorf("got %v", object)
	}
	t.Logf("%d requests", requests(c)-before)
}
