package step

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Template is a config field that names a template file. The engine reads and checks the file; a step with such a field
// gets its steps as a block to execute, and what is known of its parameters and outputs.
type Template struct {
	Name       string // as the author wrote it
	File       string // path of the file; "" when there is none that could be read
	Title      string // metadata.name of the file
	Parameters []Parameter
	Outputs    []TemplateOutput
	Block      Block
	Asserts    int // steps in it that judge something
}

// TemplateOutput is a value that a template gives.
type TemplateOutput struct {
	Name  string
	Doc   string
	Type  eval.Type
	Value eval.Tree // evaluated with the names that the steps of the template see
	At    diag.Range
}

// References says that the field names a template.
func (Template) References() string { return "template" }

// Parameter returns the parameter of that name.
func (t Template) Parameter(name string) (Parameter, bool) {
	for _, p := range t.Parameters {
		if p.Name == name {
			return p, true
		}
	}
	return Parameter{}, false
}

// ParameterNames lists the parameters in the order of the file.
func (t Template) ParameterNames() []string {
	names := make([]string, len(t.Parameters))
	for i, p := range t.Parameters {
		names[i] = p.Name
	}
	return names
}

// OutputType is what expressions see of the outputs. Nothing is known of a file that could not be read.
func (t Template) OutputType() eval.Type {
	if t.File == "" {
		return eval.AnyType
	}
	out := eval.Type{Kind: eval.Object}
	for _, o := range t.Outputs {
		out.Fields = append(out.Fields, eval.Field{Name: o.Name, Doc: o.Doc, Type: o.Type})
	}
	return out
}

// Bind returns the value of every parameter: what is given, else its default.
func (t Template) Bind(given map[string]any) (map[string]any, error) {
	values := make(map[string]any, len(t.Parameters))
	for _, p := range t.Parameters {
		v, ok := given[p.Name]
		switch {
		case !ok && p.Required:
			return nil, fmt.Errorf("parameter %q is not given", p.Name)
		case !ok:
			values[p.Name] = p.Default
			continue
		}
		converted, err := p.Convert(v)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		values[p.Name] = converted
	}
	return values, nil
}

// Results evaluates the outputs with what the steps of the template left.
func (t Template) Results(scope eval.Scope) (map[string]any, error) {
	out := make(map[string]any, len(t.Outputs))
	for _, o := range t.Outputs {
		v, err := o.Value.Eval(scope)
		if err != nil {
			return out, fmt.Errorf("output %q of template %q: %w", o.Name, t.Title, err)
		}
		out[o.Name] = v
	}
	return out, nil
}
