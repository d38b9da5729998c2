package injectchaos_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// elsewhere returns an environment that has no cluster of its own, like that of a process that only cleans up.
func elsewhere(t *testing.T) *kube.Env {
	t.Helper()
	env := kube.NewEnv(kube.Options{Getenv: func(string) string { return "" }})
	t.Cleanup(env.Close)
	return env
}

func TestAnotherProcessTakesTheFaultBack(t *testing.T) {
	l := newLab(t)
	web := l.deploy("Deployment", "web", 2)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	settings := l.get("configmap/settings")
	node := l.get("node/sandbox-2")
	host := steptest.NewHost(t, injectchaos.Undos(elsewhere(t))...)
	run := *l.Run
	run.Host = host
	for _, body := range []string{
		"experiment: scale-to-zero\ntarget: deployment/web",
		"experiment: config-corruption\ntarget: configmap/settings",
		"experiment: node-not-ready\ntarget: node/sandbox-2",
	} {
		if _, err := (steptest.Use{Definition: injectchaos.New(l.Env), Run: &run}).Do(l.ctx, t, body); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"take the fault back from Deployment web in namespace " + l.Target.Namespace,
		"take the fault back from ConfigMap settings in namespace " + l.Target.Namespace,
		"take the fault back from Node sandbox-2",
	}
	if diff := cmp.Diff(want, host.Open()); diff != "" {
		t.Error(diff)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own(web), own(l.get("deployment/web"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(own(settings), own(l.get("configmap/settings"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(node.GetAnnotations(), l.get("node/sandbox-2").GetAnnotations()); diff != "" || nodeStatus(l.get("node/sandbox-2")) != "True" {
		t.Error(diff)
	}
}

func TestUndoOfWhatIsGoneSucceeds(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	l.must("experiment: config-corruption\ntarget: configmap/settings")
	if _, err := l.Target.Delete(l.ctx, kube.Ref{Kind: "configmap", Name: "settings"}, kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	if err := l.Host.Close(); err != nil {
		t.Error(err)
	}
}

// undone carries the undo of chaos out with the given data.
func undone(t *testing.T, env *kube.Env, data string) error {
	t.Helper()
	return injectchaos.Undos(env)[0].Start(t.Context(), []byte(data))
}

func TestUndoRefusesAnotherServer(t *testing.T) {
	l := newLab(t)
	cluster := l.Target.Cluster
	data := `{"connection":{"kubeconfig":"` + cluster.Connection.Kubeconfig + `","context":"` + cluster.Connection.Context + `"},"server":"https://other:6443","apiVersion":"v1","kind":"ConfigMap","name":"a","namespace":"b","uid":"c","edits":[]}`
	err := undone(t, l.Env, data)
	want := cluster.Connection.String() + " now points to " + cluster.Server() + ", but the fault was made on https://other:6443; nothing was done"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := undone(t, l.Env, "{"); err == nil || !strings.HasPrefix(err.Error(), "undo chaos.revert: unreadable ledger entry: ") {
		t.Errorf("got %v", err)
	}
}

// rival changes an object between our look at it and our change, once.
type rival struct {
	*steptest.Host
	once sync.Once
	act  func()
}

// Record lets the rival act.
func (r *rival) Record(ctx context.Context, undo string, data any) (step.Entry, error) {
	entry, err := r.Host.Record(ctx, undo, data)
	r.once.Do(r.act)
	return entry, err
}

func TestConcurrentChangeIsWhatTheUndoRestores(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	host := &rival{Host: l.Host, act: func() {
		_, err := l.Target.Patch(l.ctx, kube.Ref{Kind: "configmap", Name: "settings"}, kube.Patch{Body: map[string]any{"data": map[string]any{"mode": "fast"}}})
		if err != nil {
			t.Error(err)
		}
	}}
	run := *l.Run
	run.Host = host
	if _, err := (steptest.Use{Definition: injectchaos.New(l.Env), Run: &run}).Do(l.ctx, t, "experiment: config-corruption\ntarget: configmap/settings"); err != nil {
		t.Fatal(err)
	}
	if open := l.Host.Open(); len(open) != 1 {
		t.Errorf("the ledger has %v", open)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if mode := l.get("configmap/settings").Object["data"].(map[string]any)["mode"]; mode != "fast" {
		t.Errorf("mode is %v after the undo", mode)
	}
}

func TestRefusedChangeLeavesNoLedgerEntry(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\nimmutable: true\ndata: {mode: slow}\n")
	out, err := l.inject("experiment: config-corruption\ntarget: configmap/settings")
	want := `inject config-corruption into ConfigMap/settings: patch ConfigMap settings in namespace ` + l.Target.Namespace + `: ConfigMap "settings" is invalid: data: Forbidden: field is immutable when `
	if err == nil || !strings.HasPrefix(err.Error(), want) || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s…", err, want)
	}
	if out["hit"] != 0 || len(l.Host.Open()) != 0 {
		t.Errorf("outputs %v, ledger %v", out, l.Host.Open())
	}
}
