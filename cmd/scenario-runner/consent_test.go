package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// staging is a copy of a kubeconfig whose context has the name of a cluster that is no sandbox.
func staging(t *testing.T, kubeconfig string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Contexts["staging"] = config.Contexts[config.CurrentContext]
	config.CurrentContext = "staging"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// asker is a consent with an answer, on the cluster of a kubeconfig.
func asker(t *testing.T, kubeconfig, answer string, steps ...string) (c consent, said *bytes.Buffer, selected []*scenario.Scenario) {
	t.Helper()
	env := kube.NewEnv(kube.Options{Kubeconfig: kubeconfig})
	t.Cleanup(env.Close)
	said = &bytes.Buffer{}
	c = consent{env: env, registry: builtin.New(env), rule: settings.Ask, at: "scenario-runner.yaml:8:12", terminal: true, in: strings.NewReader(answer), out: said}
	for i, text := range steps {
		head := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: s" + string(rune('a'+i)) + "}\nsteps:\n"
		input := engine.Input{Path: "s" + string(rune('a'+i)) + ".yaml", Data: []byte(head + text)}
		loaded, err := engine.Load(t.Context(), c.registry, []engine.Input{input}, scenario.Options{})
		if err != nil || loaded.Diagnostics.HasErrors() {
			t.Fatal(err, loaded.Diagnostics)
		}
		selected = append(selected, loaded.Scenarios...)
	}
	return c, said, selected
}

const ownOnly = "- deploy: {inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}}\n- assert: 1 == 1\n"

func TestConsentShowsWhatWillBeHit(t *testing.T) {
	cluster := kubetest.New(t)
	cluster.Apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
`)
	cluster.Until(t, "deployment/web", func(o *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas")
		return n == 3
	})
	place := cluster.Target.Namespace
	file := staging(t, cluster.Kubeconfig)
	target := "{kind: Deployment, name: web, namespace: " + place + "}"
	chaos := "- injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web, namespace: " + place + ", percent: 50}}\n" +
		"- scale: {object: " + target + ", replicas: 0}\n- assert: 1 == 1\n"
	question := `This breaks or changes on context "staging":
  sa  pod-delete half of the pods of deployment/web, at least 1 (namespace ` + place + `), now 2 of 3 pods
      scale deployment/web to 0 (namespace ` + place + `), now 3 pods
Go on? [y/N] `
	for answer, want := range map[string]string{"y\n": "", "YES": "", "\n": refusedByUser, "n\n": refusedByUser, "": refusedByUser} {
		c, said, selected := asker(t, file, answer, chaos, ownOnly)
		if got := texts(c.ask(t.Context(), selected)); got != want {
			t.Errorf("%q: got %q, want %q", answer, got, want)
		}
		if d := cmp.Diff(question, said.String()); d != "" {
			t.Errorf("%q: %s", answer, d)
		}
	}
}

const refusedByUser = "nothing was run: you did not agree; --yes agrees in advance"

func texts(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// nowhere is a kubeconfig of servers that nobody asks in these tests.
const nowhere = `apiVersion: v1
kind: Config
current-context: staging
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts:
  - {name: staging, context: {cluster: c, user: u}}
  - {name: sandbox-dev, context: {cluster: c, user: u}}
`

func TestConsentIsNotAlwaysNeeded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	const chaos = "- injectChaos: {experiment: pod-delete, target: deployment/web}\n- assert: 1 == 1\n"
	for name, test := range map[string]struct {
		steps  string
		change func(*consent)
		want   string
	}{
		"a namespace of its own":       {ownOnly, func(*consent) {}, ""},
		"agreed in advance":            {chaos, func(c *consent) { c.given = true }, ""},
		"the cluster in the box":       {chaos, func(c *consent) { c.sandbox = true }, ""},
		"no terminal":                  {chaos, func(c *consent) { c.terminal = false }, ""},
		"no terminal, and a policy":    {chaos, func(c *consent) { c.terminal, c.rule = false, settings.Always }, "nothing was run: the policy (scenario-runner.yaml:8:12) wants consent to this, and there is no terminal to ask at; give it with --yes"},
		"a policy, agreed in advance":  {chaos, func(c *consent) { c.terminal, c.rule, c.given = false, settings.Always, true }, ""},
		"a policy, and nothing to ask": {ownOnly, func(c *consent) { c.terminal, c.rule = false, settings.Always }, ""},
		"a sandbox that was up": {chaos, func(c *consent) {
			c.env = kube.NewEnv(kube.Options{Kubeconfig: file, Context: "sandbox-dev"})
		}, ""},
	} {
		c, said, selected := asker(t, file, "", test.steps)
		c.in = io.MultiReader() // nobody answers
		test.change(&c)
		defer c.env.Close()
		if got := texts(c.ask(t.Context(), selected)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if asked := said.Len() > 0; asked != (test.want != "") {
			t.Errorf("%s: said %q", name, said)
		}
	}
}

func TestConsentIsAskedWithoutAnAnswerOfTheCluster(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	c, said, selected := asker(t, file, "n\n", "- scale: {object: {kind: Deployment, name: web, namespace: shop}, replicas: 0}\n- assert: 1 == 1\n")
	if got := texts(c.ask(t.Context(), selected)); got != refusedByUser {
		t.Errorf("got %q", got)
	}
	want := "This breaks or changes on context \"staging\":\n  sa  scale deployment/web to 0 (namespace shop), now not known\nGo on? [y/N] "
	if d := cmp.Diff(want, said.String()); d != "" {
		t.Error(d)
	}
}

func TestConsentIsInterrupted(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = answerFrom(ctx, read)
	if e, ok := errors.AsType[*exitError](err); !ok || e.code != exitInterrupted || err.Error() != "nothing was run: interrupted" {
		t.Errorf("got %v", err)
	}
	if err := write.Close(); err != nil { // ends the reader, too
		t.Error(err)
	}
}
