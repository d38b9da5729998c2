package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// TestClusterThatGoesAway stops the API server of one of two clusters in the middle of a run: what stands on the other one
// is taken back, what can't be reached is named, and is taken back once its cluster is there again.
func TestClusterThatGoesAway(t *testing.T) {
	box := kubetest.OwnSandbox(t)
	near, far := newFixture(t, kubetest.Kubeconfig(t)), newFixture(t, box.Kubeconfig)
	said := func(limit string) string {
		return `cluster "secondary" of context "sandbox-` + box.Name + `" of ` + box.Kubeconfig + " does not answer any more: timed out after " + limit
	}
	place := "cluster: secondary, namespace: " + far.namespace
	for _, c := range []struct {
		name, before, after string
		code                int
		output              []string
	}{
		{
			"steps work there",
			"- {id: watch, background: true, " + place + ", timeout: 10s, waitFor: {object: configmap/victim, until: object.data.mode == 'go'}}",
			"- {id: lost, continueOnError: true, " + place + ", timeout: 3s, scale: {object: deployment/web, replicas: 4}}",
			exitErrored,
			[]string{said("10s"), said("3s"), "the last one: connection refused"},
		},
		{
			"nobody works there any more", "", "- assert: 1 == 1", exitLeft,
			[]string{"left behind: restore configmap settings in namespace " + far.namespace + " on cluster secondary: restore ConfigMap settings: " + said("4s")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			near, far := near.in(t), far.in(t)
			before, beforeFar := near.snapshot(), far.snapshot()
			code, output := near.outlast(box, far, c.before, c.after)
			if code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, output)
			}
			for _, want := range append(c.output, "restore configmap settings in namespace "+far.namespace+" on cluster secondary") {
				if !strings.Contains(output, want) {
					t.Errorf("the output has no %q:\n%s", want, output)
				}
			}
			if d := cmp.Diff(before, near.snapshot()); d != "" {
				t.Errorf("the cluster that was there all the time is not as before:\n%s", d)
			}
			if text := near.cleanup(before); !strings.Contains(text, "1 change taken back") {
				t.Errorf("cleanup says:\n%s", text)
			}
			if d := cmp.Diff(beforeFar, far.snapshot()); d != "" {
				t.Errorf("the cluster that came back is not as before:\n%s", d)
			}
		})
	}
}

// in returns the fixture for a part of a test.
func (f *fixture) in(t *testing.T) *fixture {
	part := *f
	part.t, part.dir, part.state = t, t.TempDir(), t.TempDir()
	return &part
}

// outlast runs a story that changes something on both clusters, stops the API server of the far one until the run has
// ended, and returns when it is there again.
func (f *fixture) outlast(box *kubetest.Sandbox, far *fixture, before, after string) (code int, output string) {
	f.t.Helper()
	file := filepath.Join(f.dir, "away.scenario.yaml")
	f.must(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: away, namespace: %s}
clusters: [primary, secondary]
steps:
  - patch: {object: configmap/settings, patch: {data: {mode: "off"}}}
  - cluster: secondary
    namespace: %s
    patch: {object: configmap/settings, patch: {data: {mode: "off"}}}
  %s
  - id: stuck
    waitFor: {object: configmap/victim, until: object.data.mode == "go"}
    timeout: 1m
  %s
`, f.namespace, far.namespace, before, after), 0o600))
	c := f.command("run", "--cluster", "primary="+f.kubeconfig, "--cluster", "secondary="+far.kubeconfig, "--cleanup-timeout", "4s", "--run-dir", filepath.Join(f.state, "run"), file)
	text := &bytes.Buffer{}
	c.Stdout, c.Stderr = text, text
	f.must(c.Start())
	f.until("the scenario waits", func() bool { return f.started("stuck") == 1 }, text)
	back := make(chan error, 1)
	go func() { back <- box.Restart(f.t.Context(), "kube-apiserver", 15*time.Second) }()
	f.until("the API server is gone", func() bool { return far.client.RESTClient().Get().AbsPath("/readyz").Do(f.t.Context()).Error() != nil }, text)
	f.set("victim", "go")
	defer f.set("victim", "here")
	code = exitCode(c.Wait())
	f.must(<-back)
	return code, text.String()
}

// set gives a ConfigMap of the fixture another mode.
func (f *fixture) set(name, mode string) {
	f.t.Helper()
	ctx := context.WithoutCancel(f.t.Context())
	found, err := f.client.CoreV1().ConfigMaps(f.namespace).Get(ctx, name, metav1.GetOptions{})
	f.must(err)
	found.Data["mode"] = mode
	_, err = f.client.CoreV1().ConfigMaps(f.namespace).Update(ctx, found, metav1.UpdateOptions{})
	f.must(err)
}
