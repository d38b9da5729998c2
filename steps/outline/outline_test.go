package outline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
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
