package kube_test

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestPolicyRefusesContexts(t *testing.T) {
	file := write(t, "kubeconfig", twoContexts)
	env := kube.NewEnv(kube.Options{
		Kubeconfig: file, Getenv: environment(),
		Clusters: map[string]kube.Connection{"prod": {Kubeconfig: file, Context: "prod"}, "other": {Kubeconfig: file, Context: "staging"}},
		Settings: settings.Settings{Policy: settings.Policy{Contexts: []settings.Pattern{{Glob: "stag*", At: "scenario-runner.yaml:4:13"}}}},
	})
	defer env.Close()
	const refusal = `context "prod" is not allowed by the policy (scenario-runner.yaml:4:13), which allows stag*; choose one of these with --context, or have the policy changed`
	for _, name := range []string{"", "default", "prod"} { // prod is also the current context
		if _, err := env.Cluster(t.Context(), name); err == nil || err.Error() != refusal {
			t.Errorf("cluster %q: got %v", name, err)
		}
	}
	if _, err := env.Cluster(t.Context(), "other"); err != nil {
		t.Error(err)
	}
	if err := env.Refused([]string{"", "prod", "other", "unknown"}); err == nil || err.Error() != refusal+"\n"+refusal {
		t.Errorf("got %v", err)
	}
	if err := env.Refused([]string{"other", "unknown"}); err != nil {
		t.Error(err)
	}
	env.Use("", kube.Connection{Kubeconfig: file, Context: "prod"})
	env.Use("second", kube.Connection{Kubeconfig: file, Context: "prod"})
	if err := env.Refused([]string{"", "default", "second"}); err != nil {
		t.Errorf("the cluster in the box is refused: %v", err)
	}
}

// guarded returns targets of one scenario whose policy forbids changes in the namespace of another.
func guarded(t *testing.T) (guest, own *kube.Target, foreign string) {
	t.Helper()
	owner := kubetest.New(t)
	foreign = owner.Target.Namespace
	env := kube.NewEnv(kube.Options{
		Kubeconfig: owner.Kubeconfig,
		Settings:   settings.Settings{Policy: settings.Policy{ForbiddenNamespaces: []settings.Pattern{{Glob: foreign + "*", At: "scenario-runner.yaml:5:24"}}}},
	})
	t.Cleanup(env.Close)
	run := *guestOf(owner)
	run.Namespace = foreign
	guest, err := env.Target(t.Context(), &run)
	if err != nil {
		t.Fatal(err)
	}
	owned := run
	owned.Scenario.Owned, owned.Scenario.ID, owned.Scenario.Namespace, owned.Namespace = true, foreign+"-own", foreign+"-own", ""
	if own, err = env.Target(t.Context(), &owned); err != nil {
		t.Fatal(err)
	}
	return guest, own, foreign
}

func TestPolicyRefusesChangesInNamespaces(t *testing.T) {
	guest, own, foreign := guarded(t)
	const configMap = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"
	manifest := kubetest.Object(t, configMap)
	generated := kubetest.Object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-}}")
	namespace := kubetest.Object(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+foreign+"}}")
	for name, change := range map[string]func() error{
		"apply":            func() error { _, err := guest.Apply(t.Context(), manifest, kube.Change{}); return err },
		"apply to keep":    func() error { _, err := guest.Apply(t.Context(), manifest, kube.Change{Keep: true}); return err },
		"apply from afar":  func() error { _, err := own.In(foreign).Apply(t.Context(), manifest, kube.Change{}); return err },
		"generate":         func() error { _, err := guest.Apply(t.Context(), generated, kube.Change{}); return err },
		"namespace itself": func() error { _, err := own.Apply(t.Context(), namespace, kube.Change{}); return err },
		"patch": func() error {
			_, err := guest.Patch(t.Context(), ref(t, "configmap/kube-root-ca.crt"), kube.Patch{Body: map[string]any{}})
			return err
		},
		"delete": func() error {
			_, err := guest.Delete(t.Context(), ref(t, "configmap/kube-root-ca.crt"), kube.Deletion{})
			return err
		},
		"evict": func() error { return guest.Evict(t.Context(), "", "some", kube.Deletion{}) },
		"ask":   func() error { return guest.Permit("") },
	} {
		want := `changes in namespace "` + foreign + `" are forbidden by the policy ("` + foreign + `*", scenario-runner.yaml:5:24)`
		if err := change(); err == nil || !strings.HasSuffix(err.Error(), want) || step.VerdictOf(err) != step.Errored {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if _, err := guest.Get(t.Context(), ref(t, "configmap/kube-root-ca.crt")); err != nil && !kube.IsNotFound(err) {
		t.Errorf("to look is refused: %v", err)
	}
	// The scenario's own namespace is its own, whatever its name.
	if _, err := own.Apply(t.Context(), manifest, kube.Change{}); err != nil {
		t.Errorf("in its own namespace: %v", err)
	}
}

func TestSafetyOfAScenarioRefusesContextsAndNamespaces(t *testing.T) {
	file := write(t, "kubeconfig", twoContexts)
	env := kube.NewEnv(kube.Options{Kubeconfig: file, Context: "prod", Getenv: environment()})
	defer env.Close()
	run := &step.Run{Scenario: step.Scenario{Namespace: "shop", Safety: step.Safety{Contexts: []string{"kind-*", "stag*"}, ForbiddenNamespaces: []string{"pay*"}}}}
	_, err := env.Target(t.Context(), run)
	if want := `context "prod" is not among the scenario's safety.contexts, which are kind-*, stag*; choose one of these with --context`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	run.Scenario.Safety.Contexts = []string{"pro?"}
	place, err := env.Target(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if name, named := place.Context(); name != "prod" || !named {
		t.Errorf("the context is %q, named %v", name, named)
	}
	if err := place.Breakable("chaos"); err != nil { // it is named
		t.Error(err)
	}
	err = place.Permit("payments")
	if want := `changes in namespace "payments" are forbidden by the scenario's safety.forbiddenNamespaces ("pay*")`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := place.Permit(""); err != nil {
		t.Error(err)
	}
	run.Scenario.Safety.Contexts = []string{"*"}
	if place, err = env.Target(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if _, named := place.Context(); named {
		t.Error("* names no context")
	}
	want := `a drain on context "prod" is refused because it looks like production; if it is meant, name it under contexts of the policy or under safety.contexts of the scenario`
	if err := place.Breakable("a drain"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
