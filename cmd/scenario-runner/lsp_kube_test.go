package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
`

// TestLSPGoesToObjects goes from what a scenario says of objects to where they and their fields are defined.
func TestLSPGoesToObjects(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("crds/widgets.yaml", widgets)
	write("manifests/web.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n")
	const head = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n  - deploy:\n      manifests: manifests\n      inline: {apiVersion: example.com/v1, kind: Widget, metadata: {name: small}, spec: {size: 1}}\n"
	tests := []struct{ text, want string }{
		{"  - waitFor: deploy/w‸eb\n", "manifests/web.yaml 8:8"},
		{"  - waitFor: {object: service/w‸eb}\n", "manifests/web.yaml 3:8"},
		{"  - injectChaos: {experiment: pod-delete, target: deployment/w‸eb}\n", "manifests/web.yaml 8:8"},
		{"  - assert: {given: {w: widget/sm‸all}, that: w.spec.size == 1}\n", "a.scenario.yaml 6:74"},
		{"  - assert: {given: {w: widget/small}, that: w.spec.si‸ze == 1}\n", "crds/widgets.yaml 18:16"},
		{"  - waitFor: {objects: {kind: widgets}, until: 'any(objects, .sp‸ec.size == 1)'}\n", "crds/widgets.yaml 15:12"},
		{"  - assert: {given: {w: widget/small}, that: w.meta‸data.name == 'a'}\n", ""},
	}
	c, hangUp, exit, _ := serveLSP(t)
	uri := "file://" + filepath.ToSlash(filepath.Join(dir, "a.scenario.yaml"))
	for _, test := range tests {
		text, at := lsptest.Split(head+test.text, "‸")
		if err := c.Open(uri, 1, text); err != nil {
			t.Fatal(err)
		}
		var found []struct {
			URI   string
			Range lsptest.Range
		}
		if err := c.Request("textDocument/definition", lsptest.At(uri, at), &found); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, l := range found {
			got += fmt.Sprintf("%s %d:%d", strings.TrimPrefix(l.URI, "file://"+filepath.ToSlash(dir)+"/"), l.Range.Start.Line, l.Range.Start.Character)
		}
		if got != test.want {
			t.Errorf("%s goes to %q, want %q", test.text, got, test.want)
		}
	}
	hangUp()
	<-exit
	c.Wait()
}
