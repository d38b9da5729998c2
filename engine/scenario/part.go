package scenario

import (
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Part is a mapping with steps and finally in a file that is no scenario, such as the setup of a suite, compiled as a
// scenario of its own. It need not judge anything.
type Part struct {
	Scenario *Scenario // nil when there is an error
	Outputs  eval.Type // an object: what the steps with an id give
}

type part struct {
	Steps   step.Block `yaml:"steps" doc:"Steps that run in this order."`
	Finally step.Block `yaml:"finally" doc:"Steps that run at the end, whatever happened."`
}

// Part checks such a mapping. The scenario gets the name, and a key that is the file's with the name behind a #.
func (l *Loader) Part(file *source.File, name string, n *yaml.Node) (Part, diag.List) {
	var diags diag.List
	out := Part{Outputs: eval.Type{Kind: eval.Object}}
	root := source.Follow(n)
	if root.Kind != yaml.MappingNode {
		diags.Add(file.Range(root), "wrong-type", "%s: expected a mapping with steps", name)
		return out, diags
	}
	c := newCompiler(l, l.library, file, &diags)
	steps, _ := source.Lookup(root, "steps")
	finally, _ := source.Lookup(root, "finally")
	c.declare(steps, finally)
	c.env = c.env.With("steps", c.stepsType())
	shape := field.Describe(reflect.TypeFor[part](), reflect.TypeFor[step.Block]())
	top := decodeTop[part](c, root, name, shape)
	if b, ok := top.Steps.Steps.(*Block); ok {
		c.scenario.Steps = *b
	}
	if b, ok := top.Finally.Steps.(*Block); ok {
		c.scenario.Finally = *b
	}
	diags = append(diags, step.Conclude(&c.shared, c.whole())...)
	c.finish()
	c.scenario.Name, c.scenario.Key = name, file.Name+"#"+name
	if outputs, ok := c.env.Names().Field("steps"); ok {
		out.Outputs = outputs.Type
	}
	if !diags.HasErrors() {
		out.Scenario = c.scenario
	}
	return out, diags.Sorted()
}

// Env returns what expressions of every file see: functions, env and scenario.
func (l *Loader) Env() *eval.Env { return l.env.Private() }

// BlockSchema returns the JSON schema of a file of another kind that holds lists of steps. top makes the schema of the
// file's own keys; block is the schema of such a list.
func BlockSchema(r *step.Registry, title, description string, top func(block func() *field.Schema) *field.Schema) *field.Schema {
	return fileSchema(top(blockSchema), title, description, r, newShapes())
}
