package kinds_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// refused reports whether a real API server takes a manifest.
func refused(t *testing.T, c *kubetest.Cluster, text string) error {
	t.Helper()
	_, err := c.Target.Apply(t.Context(), kubetest.Object(t, text), kube.Change{DryRun: true})
	return err
}

// TestTheServerAgrees asks a real API server about every change of the workload: what is called wrong is refused, and
// what is not is taken.
func TestTheServerAgrees(t *testing.T) {
	c := kubetest.New(t)
	for _, tt := range mutants() {
		if strings.Contains(tt.to, "${{") {
			continue
		}
		err := refused(t, c, strings.Replace(workload, tt.from, tt.to, 1))
		if (err != nil) != (tt.want != "") {
			t.Errorf("%s\nthe server says %v\nwe say %s", tt.to, err, tt.want)
		}
	}
}

// TestWhatIsRequiredIsRequired takes away every required field of objects that a real API server takes, one after the
// other, and asks the server.
func TestWhatIsRequiredIsRequired(t *testing.T) {
	c := kubetest.New(t)
	data, err := os.ReadFile("testdata/valid.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var catalogue kinds.Catalogue
	known := catalogue.Definitions("")
	removed := 0
	for _, text := range bytes.Split(data, []byte("---\n")) {
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		if found := inspect(t, known, string(text), kinds.Inspection{File: true}); found != nil {
			t.Error(found)
		}
		if err := refused(t, c, string(text)); err != nil {
			t.Fatalf("the server refuses\n%s\n%v", text, err)
		}
		root := document.Content[0]
		kind, _ := source.Lookup(root, "kind")
		version, _ := source.Lookup(root, "apiVersion")
		k, _, _ := known.Identify(version.Value, kind.Value)
		each(root, k.Schema, func(n *yaml.Node, i int) {
			removed++
			key, value := n.Content[i], n.Content[i+1]
			n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
			without, err := yaml.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			if refused(t, c, string(without)) == nil {
				t.Errorf("%s at %d:%d of %s is called required, and the server does without", key.Value, key.Line, key.Column, kind.Value)
			}
			rest := append([]*yaml.Node{key, value}, n.Content[i:]...)
			n.Content = append(n.Content[:i:i], rest...)
		})
	}
	if removed < 80 {
		t.Errorf("only %d fields were taken away", removed)
	}
}

// each calls f with every required field in a tree: the mapping and the position of its key.
func each(n *yaml.Node, s *kinds.Schema, f func(n *yaml.Node, i int)) {
	switch {
	case s.Form == kinds.List:
		for _, item := range n.Content {
			each(item, s.Elem, f)
		}
	case s.Form == kinds.Object && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			for _, required := range s.Required {
				if required == name {
					f(n, i)
				}
			}
			each(n.Content[i+1], s.At(name), f)
		}
	}
}
