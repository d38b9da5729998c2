package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

const twoContexts = `
apiVersion: v1
kind: Config
current-context: first
clusters:
- {name: a, cluster: {server: "https://127.0.0.1:1"}}
- {name: b, cluster: {server: "https://127.0.0.1:2"}}
users:
- {name: qa, user: {token: secret}}
contexts:
- {name: first, context: {cluster: a, user: qa}}
- {name: second, context: {cluster: b, user: qa}}
`

func TestProcessEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(twoContexts), 0o600); err != nil {
		t.Fatal(err)
	}
	for context, server := range map[string]string{"": "https://127.0.0.1:1", "first": "https://127.0.0.1:1", "second": "https://127.0.0.1:2"} {
		t.Run("context "+context, func(t *testing.T) {
			env := kube.NewEnv(kube.Options{Kubeconfig: file, Context: context})
			t.Cleanup(env.Close)
			host := steptest.NewHost(t)
			run := &step.Run{Host: host, Scenario: step.Scenario{Namespace: "shop"}}
			entries, err := Environment{Env: env}.ProcessEnvironment(t.Context(), run)
			if err != nil {
				t.Fatal(err)
			}
			if entries[0] != "SCENARIO_NAMESPACE=shop" {
				t.Errorf("got %q, want the namespace first", entries)
			}
			if got := serverSeenWith(t, entries); got != server {
				t.Errorf("a program sees %s, want %s", got, server)
			}
			list, _ := strings.CutPrefix(entries[1], "KUBECONFIG=")
			if err := host.Close(); err != nil {
				t.Fatal(err)
			}
			for _, path := range filepath.SplitList(list) {
				if _, err := os.Stat(path); path != file && !os.IsNotExist(err) {
					t.Errorf("%s is left behind", path)
				}
			}
		})
	}
}

// TestKubeconfigOfAnotherCluster: the files lead to the cluster of that name, whatever cluster the step works on.
func TestKubeconfigOfAnotherCluster(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(twoContexts), 0o600); err != nil {
		t.Fatal(err)
	}
	env := kube.NewEnv(kube.Options{Kubeconfig: file, Clusters: map[string]kube.Connection{"west": {Kubeconfig: file, Context: "second"}}})
	t.Cleanup(env.Close)
	host := steptest.NewHost(t)
	run := &step.Run{Host: host, Scenario: step.Scenario{Namespace: "shop"}}
	files, err := Environment{Env: env}.Kubeconfig(t.Context(), run, "west")
	if err != nil {
		t.Fatal(err)
	}
	if got := serverSeenWith(t, []string{"KUBECONFIG=" + files}); got != "https://127.0.0.1:2" {
		t.Errorf("a program sees %s by %s", got, files)
	}
	_, err = Environment{Env: env}.Kubeconfig(t.Context(), run, "wets")
	if want := `no cluster "wets"; did you mean "west"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
}

// serverSeenWith reads the variables as every Kubernetes client does.
func serverSeenWith(t *testing.T, entries []string) string {
	t.Helper()
	for _, e := range entries {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	return config.Host
}

func TestNoCluster(t *testing.T) {
	env := kube.NewEnv(kube.Options{Kubeconfig: filepath.Join(t.TempDir(), "none")})
	t.Cleanup(env.Close)
	_, err := Environment{Env: env}.ProcessEnvironment(t.Context(), &step.Run{Host: steptest.NewHost(t)})
	if err == nil || !strings.Contains(err.Error(), "no such file; name a cluster with --kubeconfig") {
		t.Errorf("got %v", err)
	}
}
