// Package kubetest is what the tests of steps need that work on a real API server: a sandbox shared by all tests of the
// process, and a fresh scenario namespace for each test. It is used by tests only.
package kubetest

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Cluster is a scenario on a real API server as a step sees it.
type Cluster struct {
	Kubeconfig string
	Env        *kube.Env
	Host       *steptest.Host
	Run        *step.Run    // as the engine would give it to a step
	Target     *kube.Target // in the scenario's own namespace
}

// New returns a cluster with a namespace of the test's own. At the end of the test every open ledger entry is undone;
// the end of the namespace itself is not waited for.
func New(t testing.TB) *Cluster {
	t.Helper()
	return NewOn(t, Kubeconfig(t))
}

// NewOn is New on the cluster of a kubeconfig, such as that of a Proxy.
func NewOn(t testing.TB, kubeconfig string) *Cluster {
	t.Helper()
	env := kube.NewEnv(kube.Options{Kubeconfig: kubeconfig, CacheDir: filepath.Join(filepath.Dir(kubeconfig), "discovery-of-tests")})
	t.Cleanup(env.Close)
	c := &Cluster{Kubeconfig: kubeconfig, Env: env, Host: steptest.NewHost(t, WithoutNamespaceWait(env.Undos())...)}
	id := "sr-test-" + rand.String(8)
	c.Run = &step.Run{
		ID: "step1", Host: c.Host, Scope: eval.Scope{},
		Scenario: step.Scenario{RunID: "test-" + rand.String(6), ID: id, Name: t.Name(), Dir: t.TempDir(), Namespace: id, Owned: true},
	}
	target, err := env.Target(t.Context(), c.Run)
	if err != nil {
		t.Fatal(err)
	}
	c.Target = target
	return c
}

// WithoutNamespaceWait returns the undos in the form that tests use: the end of a namespace takes seconds and the next
// test need not wait for it.
func WithoutNamespaceWait(undos []step.Undo) []step.Undo {
	out := make([]step.Undo, len(undos))
	for i, undo := range undos {
		if undo.Name == "kube.deleteNamespace" {
			undo.Wait = nil
		}
		out[i] = undo
	}
	return out
}

// Object reads a manifest.
func Object(t testing.TB, manifest string) *unstructured.Unstructured {
	t.Helper()
	content, err := yaml.YAMLToJSON([]byte(manifest))
	object := &unstructured.Unstructured{}
	if err == nil {
		err = utiljson.Unmarshal(content, &object.Object)
	}
	if err != nil {
		t.Fatalf("manifest: %v\n%s", err, manifest)
	}
	return object
}

// Apply applies a manifest in the namespace of the test.
func (c *Cluster) Apply(t testing.TB, manifest string) *unstructured.Unstructured {
	t.Helper()
	applied, err := c.Target.Apply(t.Context(), Object(t, manifest), kube.Change{})
	if err != nil {
		t.Fatal(err)
	}
	return applied.Object
}

// Until waits until the named object satisfies the condition, for at most the rest of the test.
func (c *Cluster) Until(t testing.TB, ref string, condition func(object *unstructured.Unstructured) bool) {
	t.Helper()
	parsed, err := kube.ParseRef(ref)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Target.WatchRef(t.Context(), parsed, func(shot kube.Snapshot) (bool, error) {
		return condition(shot.Object), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Kubeconfig returns the path of the kubeconfig of the cluster that tests use: SCENARIO_RUNNER_TEST_KUBECONFIG when it
// is set, else that of a sandbox that lives as long as the test process.
func Kubeconfig(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("SCENARIO_RUNNER_TEST_KUBECONFIG"); given != "" {
		return given
	}
	sandbox, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Kubeconfig
}
