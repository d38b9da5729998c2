package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// key is one thing that the author of TestAScenarioFromProposals does.
type key func(a *lsptest.Author) error

func pick(labels ...string) key {
	return func(a *lsptest.Author) error {
		for _, label := range labels {
			if err := a.Choose(label); err != nil {
				return err
			}
		}
		return nil
	}
}

func line(levels int) key { return func(a *lsptest.Author) error { return a.Enter(levels) } }

func punctuate(punctuation string) key {
	return func(a *lsptest.Author) error { return a.Press(punctuation) }
}
func tab(a *lsptest.Author) error { a.Next(); return nil }

// TestAScenarioFromProposals writes a scenario of five steps into an empty file without typing a letter or a digit: every
// word is one that the server proposes. Then `validate` finds nothing wrong with it.
func TestAScenarioFromProposals(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "manifests"), os.DirFS("../../examples/manifests")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "mine.scenario.yaml")
	uri := "file://" + filepath.ToSlash(file)
	c, hangUp, exit, _ := serveLSP(t)
	a, err := lsptest.NewAuthor(c, uri)
	if err != nil {
		t.Fatal(err)
	}
	newStep := func(levels int) []key { return []key{line(levels), punctuate("- ")} }
	var keys []key
	add := func(k ...key) { keys = append(keys, k...) }

	add(pick("apiVersion", "scenario-runner/v1"), line(0), pick("kind", "Scenario"), line(0))
	add(pick("metadata", "name", "web-survives-pod-loss"), line(-1))
	add(pick("steps"))
	add(pick("id", "web"), line(1), pick("deploy", "manifests", "manifests/web.yaml"))
	add(newStep(-2)...)
	add(pick("injectChaos"), pick("pod-delete"), tab, pick("deployment/web"))
	add(newStep(-2)...)
	add(pick("waitFor", "object", "deployment/web"), line(0))
	add(pick("until", "object"), punctuate("."), pick("status"), punctuate("."), pick("availableReplicas"))
	add(punctuate(" "), pick("=="), pick("object"), punctuate("."), pick("spec"), punctuate("."), pick("replicas"), line(0))
	add(pick("timeout", "2m"))
	add(newStep(-2)...)
	add(pick("rollout", "deployment/web"), tab, pick("restart"))
	add(newStep(-2)...)
	add(pick("assert", "given", "web"), line(-1))
	add(pick("that", "web"), punctuate("."), pick("status"), punctuate("."), pick("readyReplicas"), punctuate(" "), pick("=="))
	add(pick("web"), punctuate("."), pick("spec"), punctuate("."), pick("replicas"), punctuate(" "), pick("and"))
	add(pick("steps"), punctuate("."), pick("web"), punctuate("."), pick("ready"))

	for n, k := range keys {
		if err := k(a); err != nil {
			t.Fatalf("key %d: %v", n, err)
		}
	}
	const want = `apiVersion: scenario-runner/v1
kind: Scenario
metadata:
  name: web-survives-pod-loss
steps:
  - id: web
    deploy:
      manifests: manifests/web.yaml
  - injectChaos:
      experiment: pod-delete
      target: deployment/web
  - waitFor:
      object: deployment/web
      until: object.status.availableReplicas == object.spec.replicas
      timeout: 2m
  - rollout:
      object: deployment/web
      action: restart
  - assert:
      given:
        web: deployment/web
      that: web.status.readyReplicas == web.spec.replicas and steps.web.ready`
	if d := cmp.Diff(want, a.Text()); d != "" {
		t.Error(d)
	}
	found, err := c.Diagnostics(uri, a.Version())
	if err != nil || len(found) > 0 {
		t.Errorf("%v %v", err, found)
	}
	if err := os.WriteFile(file, []byte(a.Text()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints strings.Builder
	if code := execute(t.Context(), []string{"validate", file}, streams{out: &out, err: &complaints}); code != exitPassed {
		t.Errorf("exit code %d\n%s%s", code, &out, &complaints)
	}
	hangUp()
	<-exit
	c.Wait()
}
