package kinds_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.shop.example}
spec:
  group: shop.example
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions:
    - name: v1
      served: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`

// TestSharedDefinitions reads definitions from a folder and from a file; those beside the scenario come first.
func TestSharedDefinitions(t *testing.T) {
	folder, beside := t.TempDir(), t.TempDir()
	write := func(text string, path ...string) string {
		t.Helper()
		file := filepath.Join(path...)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write(definition, folder, "gadget.yaml")
	widget := strings.NewReplacer("Gadget", "Widget", "gadget", "widget").Replace(definition)
	catalogue := kinds.Catalogue{Shared: []string{folder, write(widget, t.TempDir(), "widget.yaml"), filepath.Join(folder, "missing.yaml")}}
	for _, kind := range []string{"gadget", "widgets"} {
		if got := catalogue.Definitions(beside).Type("", kind); got.Kind != eval.Object {
			t.Errorf("%s is %v", kind, got)
		}
	}
	write(strings.ReplaceAll(definition, "size", "colour"), beside, kinds.Folder, "gadget.yaml")
	spec, _ := catalogue.Definitions(beside).Type("", "gadget").Field("spec")
	if _, ok := spec.Type.Field("colour"); !ok {
		t.Errorf("the definition beside the file does not count: %v", spec.Type.Names())
	}
}
