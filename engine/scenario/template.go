package scenario

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// KindTemplate heads every template file.
const KindTemplate = "Template"

// What templates may grow to. Templates that use templates would otherwise stand for any number of steps.
const (
	maxTemplateDepth = 20
	maxExpandedSteps = 20_000
)

// templateDocument is the top of a template file as the author writes it.
type templateDocument struct {
	APIVersion string                    `yaml:"apiVersion" required:"true" enum:"scenario-runner/v1" doc:"Version of the language."`
	Kind       string                    `yaml:"kind" required:"true" enum:"Template" doc:"What this file is."`
	Metadata   templateMetadata          `yaml:"metadata" required:"true" doc:"Name and labels of the template."`
	Parameters map[string]parameter      `yaml:"parameters" doc:"Values that a use gives. Expressions read them as parameters.<name>."`
	Steps      step.Block                `yaml:"steps" required:"true" doc:"The steps. They see the parameters, each other, scenario and env."`
	Outputs    map[string]templateOutput `yaml:"outputs" doc:"Values that the scenario reads as steps.<id>.<name> of the step that uses the template."`
}

type templateMetadata struct {
	Name        string            `yaml:"name" required:"true" doc:"Short name, that of the file without .template.yaml." example:"restart"`
	Description string            `yaml:"description" doc:"What the template does, in one or two sentences."`
	Labels      map[string]string `yaml:"labels" doc:"Labels for people and tools."`
}

type parameter struct {
	Type        string `yaml:"type" required:"true" shorthand:"true" enum:"string,bool,int,number,duration,quantity,list,map,any" doc:"Type of the value."`
	Description string `yaml:"description" doc:"What the value is for."`
	Default     any    `yaml:"default" doc:"The value when a use gives none. Without it the parameter must be given."`
	Enum        []any  `yaml:"enum" doc:"The only values that are allowed."`
	Of          string `yaml:"of" enum:"string,bool,int,number,duration,quantity,any" doc:"Type of the items of a list or of the values of a map."`
}

type templateOutput struct {
	Value       eval.Tree `yaml:"value" required:"true" shorthand:"true" doc:"The value, with expressions in ${{ }}."`
	Description string    `yaml:"description" doc:"What the value says."`
}

// TemplateFields describes the top of a template file, for documentation.
func TemplateFields() []field.Field { return newShapes().template.Fields }

// compiledTemplate is what is known of a template file once it is checked. Everything that uses it shares it.
type compiledTemplate struct {
	template step.Template
	diags    diag.List // with the errors of the templates that it uses
	steps    int       // with those of the templates that it uses
	depth    int       // 1 when it uses no template
	compiler *compiler // nil when the file can't be read
}

// check checks a template file.
func (l *library) check(f *libraryFile) *compiledTemplate {
	f.read()
	out := &compiledTemplate{diags: f.wrong}
	if f.err != nil || f.file.Root == nil {
		return out
	}
	c := newCompiler(l.loader, l, f.file, &out.diags)
	c.self = f
	out.template = c.compileTemplate()
	if !out.diags.HasErrors() {
		out.diags = append(out.diags, l.loader.templateSchema.Validate(f.file)...)
	}
	out.compiler, out.steps, out.depth = c, len(c.order)+c.expanded, c.depth+1
	out.diags = out.diags.Sorted()
	return out
}

// compileTemplate checks the file as a template.
func (c *compiler) compileTemplate() step.Template {
	root := source.Follow(c.file.Root)
	if root.Kind != yaml.MappingNode {
		c.diags.Add(c.file.Range(root), "wrong-type", "a template is a mapping that starts with apiVersion and kind")
		return step.Template{}
	}
	t := step.Template{File: c.file.Name}
	steps, _ := source.Lookup(root, "steps")
	c.declare(steps, nil)
	parameters, _ := source.Lookup(root, "parameters")
	t.Parameters = c.parameters(parameters)
	names := eval.Type{Kind: eval.Object}
	for _, p := range t.Parameters {
		names = names.With(p.Name, p.Doc, p.Type.Expression())
	}
	c.env = c.env.With("parameters", names).With("steps", c.stepsType())
	head := decodeTop[templateDocument](c, root, "the template", c.loader.shapes.template, "parameters", "outputs")
	t.Title = head.Metadata.Name
	t.Block = head.Steps
	if b, ok := t.Block.Steps.(*Block); ok {
		b.Apart = true
	}
	outputs, _ := source.Lookup(root, "outputs")
	t.Outputs = c.outputs(outputs)
	t.Asserts = c.counting()
	*c.diags = append(*c.diags, step.Conclude(&c.shared, c.whole())...)
	c.unusedParameters(t.Parameters)
	c.finish()
	*c.diags = check.Silence(c.file, *c.diags)
	if c.diags.HasErrors() {
		t.Block = step.Block{}
		for i := range t.Outputs {
			t.Outputs[i].Type = eval.AnyType // one mistake, one message
		}
	}
	return t
}

// decodeTop decodes the top of a file. The step blocks are compiled on the way. Some keys are left to others.
func decodeTop[T any](c *compiler, root *yaml.Node, what string, shape *field.Shape, without ...string) T {
	d := &field.Decoder{File: c.file, Diags: c.diags, Special: c.topBlock, Known: c.known(), Misplaced: misplacedTop(shape)}
	trimmed := *root // without x-… keys, which hold anything: that is where anchors are kept
	trimmed.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := root.Content[i].Value
		if !strings.HasPrefix(key, "x-") && !slices.Contains(without, key) {
			trimmed.Content = append(trimmed.Content, root.Content[i], root.Content[i+1])
		}
	}
	body, _ := d.Compile(&trimmed, what, shape, c.env, func() reflect.Value { return reflect.New(reflect.TypeFor[T]()).Elem() })
	c.programs = append(c.programs, body.Programs...)
	top, _ := body.Static().Interface().(T)
	return top
}

// decodePart decodes one value of the top of a file.
func decodePart[T any](c *compiler, n *yaml.Node, what string, env *eval.Env) (T, *field.Body) {
	d := &field.Decoder{File: c.file, Diags: c.diags}
	shape := field.Describe(reflect.TypeFor[T]())
	body, _ := d.Compile(n, what, shape, env, func() reflect.Value { return reflect.New(reflect.TypeFor[T]()).Elem() })
	part, _ := body.Static().Interface().(T)
	return part, body
}
