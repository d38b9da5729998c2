package steptest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var (
	kindName  = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	codeBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
)

// Contract checks what holds for every step kind: names, documentation of every field and output, a README that starts
// with a title and a summary and shows at least one example, and defaults that two uses don't share.
func Contract(t *testing.T, d step.Definition) {
	t.Helper()
	if !kindName.MatchString(d.Name) {
		t.Errorf("%q: a kind is written in lowerCamelCase", d.Name)
	}
	if !slices.Contains(step.Groups(), d.Group) {
		t.Errorf("%s: group %q is none of %v", d.Name, d.Group, step.Groups())
	}
	if !strings.HasPrefix(d.Doc, "# "+d.Name+"\n") {
		t.Errorf("%s: the documentation must start with the title %q", d.Name, "# "+d.Name)
	}
	if d.Summary == "" || !strings.HasSuffix(d.Summary, ".") {
		t.Errorf("%s: the first paragraph of the documentation must be a sentence; it is %q", d.Name, d.Summary)
	}
	if len(Examples(d.Doc)) == 0 {
		t.Errorf("%s: the documentation shows no example in a ```yaml block", d.Name)
	}
	documented(t, d.Name, d.Config)
	outputs(t, d.Name, d.Outputs)
	if d.Config.Kind != field.Struct && d.Config.Kind != field.Map {
		t.Errorf("%s: the config must be a struct, or a map when the author chooses the keys", d.Name)
	}
}

// Examples returns the YAML blocks of a document.
func Examples(doc string) []string {
	var out []string
	for _, m := range codeBlock.FindAllStringSubmatch(doc, -1) {
		out = append(out, m[1])
	}
	return out
}

func documented(t *testing.T, path string, s *field.Shape) {
	t.Helper()
	switch s.Kind {
	case field.List, field.Map:
		documented(t, path+"[]", s.Elem)
	case field.Struct:
		for _, f := range s.Fields {
			name := path + "." + f.Name
			if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
				t.Errorf("%s: the doc tag must be a sentence; it is %q", name, f.Doc)
			}
			if !kindName.MatchString(f.Name) {
				t.Errorf("%s: a field is written in lowerCamelCase", name)
			}
			documented(t, name, f.Shape)
		}
	}
}

func outputs(t *testing.T, path string, o eval.Type) {
	t.Helper()
	for _, f := range o.Fields {
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s: output %s: the doc tag must be a sentence; it is %q", path, f.Name, f.Doc)
		}
		outputs(t, path+"."+f.Name, f.Type)
	}
}
