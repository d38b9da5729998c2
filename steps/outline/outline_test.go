package outline_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/outline"
)

func parse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return n.Content[0]
}

func TestOf(t *testing.T) {
	tests := []struct{ text, want string }{
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n", "deployment/web at 3:18"},
		{"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \"shop\"\n", "configmap/shop at 4:9"},
		{"apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n", "widget/w at 3:18"},
		{"apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n", "pod/a at 4:50, pod/b at 5:50"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", ""},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: \"${{ vars.pod }}\"}\n", ""},
		{"kind: Pod\nmetadata: {name: a}\n", ""},
		{"[1, 2]\n", ""},
		{"text\n", ""},
	}
	for _, test := range tests {
		var got []string
		for _, o := range new(outline.Objects).Of(parse(t, test.text)) {
			got = append(got, fmt.Sprintf("%s at %d:%d", o.Reference, o.Node.Line, o.Node.Column))
		}
		if d := cmp.Diff(test.want, strings.Join(got, ", ")); d != "" {
			t.Errorf("%s: %s", test.text, d)
		}
	}
}

func TestMeans(t *testing.T) {
	web := lsp.Object{Kind: "Deployment", Name: "web", APIVersion: "apps/v1"}
	widget := lsp.Object{Kind: "Widget", Name: "w", APIVersion: "example.com/v1"}
	tests := []struct {
		text   string
		object lsp.Object
		want   bool
	}{
		{"deployment/web", web, true},
		{"deploy/web", web, true},
		{"Deployments.apps/web", web, true},
		{"apps/v1/Deployment/web", web, true},
		{"apps/v2/Deployment/web", web, false},
		{"deployment/api", web, false},
		{"statefulset/web", web, false},
		{"deployments", web, false},
		{"a//b", web, false},
		{"widget/w", widget, true},
		{"widgets.example.com/w", widget, true},
		{"gadget/w", widget, false},
	}
	for _, test := range tests {
		if got := new(outline.Objects).Means(test.text, test.object); got != test.want {
			t.Errorf("%s means %s: %v", test.text, test.object.Kind, got)
		}
	}
}

func TestKinds(t *testing.T) {
	kinds := new(outline.Objects).Kinds()
	for _, want := range []string{"configmaps", "deployments", "nodes", "pods"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("%s is missing in %v", want, kinds)
		}
	}
	if !slices.IsSorted(kinds) || len(slices.Compact(slices.Clone(kinds))) != len(kinds) {
		t.Errorf("%v is not sorted, or has a kind twice", kinds)
	}
}

func TestFiles(t *testing.T) {
	o := new(outline.Objects)
	if got := o.Files("../../examples", "manifests/*.yaml"); !slices.Contains(got, "manifests/web.yaml") {
		t.Errorf("%v lacks manifests/web.yaml", got)
	}
	for _, name := range []string{"", "../steps", "manifests/none.yaml"} {
		if got := o.Files("../../examples", name); got != nil {
			t.Errorf("%q: %v", name, got)
		}
	}
	if got := o.Files("", "go.mod"); got != nil {
		t.Errorf("without a folder: %v", got)
	}
}

func TestDeclared(t *testing.T) {
	const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
                a/b: {type: string}
                parts:
                  type: array
                  items:
                    type: object
                    properties:
                      weight: {type: number}
`
	var object map[string]any
	if err := yaml.Unmarshal([]byte(definition), &object); err != nil {
		t.Fatal(err)
	}
	known := new(kinds.Catalogue).Definitions(t.TempDir())
	known.Learn(object)
	widget := known.Type("", "widget")
	spec, _ := widget.Field("spec")
	parts, _ := spec.Type.Field("parts")
	field := func(of eval.Type, name string) eval.Field {
		f, ok := of.Field(name)
		if !ok {
			t.Fatalf("no field %s", name)
		}
		return f
	}
	for _, test := range []struct {
		field eval.Field
		line  int
	}{
		{spec, 14},
		{field(spec.Type, "size"), 17},
		{field(spec.Type, "a/b"), 18},
		{parts, 19},
		{field(*parts.Type.Elem, "weight"), 24},
	} {
		n := new(outline.Objects).Declared(test.field.Origin, parse(t, definition))
		if n == nil || n.Value != test.field.Name || n.Line != test.line {
			t.Errorf("%s (%s): %v, want line %d", test.field.Name, test.field.Origin, n, test.line)
		}
	}
	if metadata := field(widget, "metadata"); metadata.Origin != "" {
		t.Errorf("metadata is declared at %q", metadata.Origin)
	}
	for _, origin := range []string{"", "gadgets.example.com v1 /properties/spec", "widgets.example.com v2 /properties/spec", "widgets.example.com v1 /properties/x/properties/y"} {
		if n := new(outline.Objects).Declared(origin, parse(t, definition)); n != nil {
			t.Errorf("%s: %v", origin, n)
		}
	}
	if n := new(outline.Objects).Declared("widgets.example.com v1 /properties/spec", parse(t, "a: b")); n != nil {
		t.Error(n)
	}
}

func TestDefinitions(t *testing.T) {
	dir := t.TempDir()
	folder, shared := filepath.Join(dir, "crds"), filepath.Join(dir, "shared.yaml")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "a.yaml"), nil, 0o600),
		os.WriteFile(filepath.Join(folder, "b.txt"), nil, 0o600), os.WriteFile(shared, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	objects := outline.Objects{Shared: []string{shared, folder}}
	want := []string{filepath.Join(folder, "a.yaml"), shared, filepath.Join(folder, "a.yaml")}
	if d := cmp.Diff(want, objects.Definitions(dir)); d != "" {
		t.Error(d)
	}
}
