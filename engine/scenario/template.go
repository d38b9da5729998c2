package scenario

import (
	"fmt"
	"path/filepath"
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

// parameters reads the declarations of a template's parameters.
func (c *compiler) parameters(n *yaml.Node) []step.Parameter {
	if n == nil {
		return nil
	}
	if dynamic := dynamics(n); dynamic != nil {
		c.diags.Add(c.file.Range(dynamic[0]), "wrong-type", "a declaration of parameters holds plain values; ${{ }} can't be used here")
		return nil
	}
	declared, body := decodePart[map[string]parameter](c, n, "parameters", c.loader.env)
	var out []step.Parameter
	for _, pair := range source.Pairs(n) {
		d, name := declared[pair.Key.Value], pair.Key.Value
		if !identifier.MatchString(name) {
			c.diags.Add(c.file.Range(pair.Key), "invalid-name", "parameter %q can't be used in expressions; a name has letters, digits and underscores", name)
			continue
		}
		p := step.Parameter{Name: name, Doc: d.Description, Type: step.ValueType{Name: d.Type, Of: d.Of}, At: c.file.Range(pair.Key)}
		if !slices.Contains(step.ValueTypes(), d.Type) {
			p.Type = step.ValueType{Name: "any"} // reported already
		}
		if d.Of != "" && d.Type != "list" && d.Type != "map" {
			c.diags.Add(body.Find(name, "of"), "exclusive-fields", "parameter %q: of says what a list or a map holds; this is %s", name, p.Type.Describe())
			p.Type.Of = ""
		}
		c.values(&p, d, pair.Value, body)
		out = append(out, p)
	}
	return out
}

// values reads the allowed values and the default of a parameter.
func (c *compiler) values(p *step.Parameter, d parameter, n *yaml.Node, body *field.Body) {
	for i, v := range d.Enum {
		converted, err := p.Type.Convert(v)
		if err != nil {
			c.diags.Add(body.Find(p.Name, "enum", fmt.Sprint(i)), "parameter-type", "enum of parameter %q: %s", p.Name, err)
			continue
		}
		p.Enum = append(p.Enum, converted)
	}
	standard, _ := source.Lookup(n, "default")
	p.Required = standard == nil
	if standard == nil {
		return
	}
	converted, err := p.Convert(field.Value(standard))
	if err != nil {
		c.diags.Add(c.file.Range(standard), "parameter-type", "default of parameter %q: %s", p.Name, err)
		return
	}
	p.Default = converted
}

// outputs compiles the outputs of a template, after its steps, of which the types are known then.
func (c *compiler) outputs(n *yaml.Node) []step.TemplateOutput {
	if n == nil {
		return nil
	}
	declared, body := decodePart[map[string]templateOutput](c, n, "outputs", c.env)
	c.programs = append(c.programs, body.Programs...)
	var out []step.TemplateOutput
	for _, pair := range source.Pairs(n) {
		name := pair.Key.Value
		if !identifier.MatchString(name) {
			c.diags.Add(c.file.Range(pair.Key), "invalid-name", "output %q can't be used in expressions; a name has letters, digits and underscores", name)
			continue
		}
		d := declared[name]
		out = append(out, step.TemplateOutput{
			Name: name, Doc: d.Description, Type: d.Value.Type(), Value: d.Value, At: c.file.Range(pair.Key),
		})
	}
	return out
}

// unusedParameters warns of parameters that no expression reads.
func (c *compiler) unusedParameters(all []step.Parameter) {
	used := c.usedFields("parameters")
	for _, p := range all {
		if used != nil && !used[p.Name] && !step.ReadsAnything(&c.shared) {
			c.advice.Warn(p.At, "unused-parameter", "nothing uses parameter %q", p.Name)
		}
	}
}

// usedFields returns the fields of a name that expressions of the file read, nil when one of them reads the whole.
func (c *compiler) usedFields(name string) map[string]bool {
	used := map[string]bool{}
	for _, p := range c.programs {
		for _, r := range p.References {
			switch {
			case r.Path[0] != name:
			case len(r.Path) == 1:
				return nil
			default:
				used[r.Path[1]] = true
			}
		}
	}
	return used
}

// use reads the template that a step names. What is wrong in its file is reported there, once for each file that uses
// it, with the place of the use.
func (c *compiler) use(n *yaml.Node) step.Template {
	t := step.Template{Name: n.Value}
	at := c.file.Range(n)
	f, wrong := c.library.find(c.file.Name, n.Value)
	if wrong != nil {
		c.diags.Add(at, wrong.check, "%s", wrong.message)
		return t
	}
	if c.self != nil && c.circular(f, at) {
		return t
	}
	if f.err != nil {
		c.diags.Add(at, "unknown-template", "template %q can't be read: %v", n.Value, f.err)
		return t
	}
	if f.file.Root != nil && !c.isTemplate(f, n.Value, at) {
		return t
	}
	done := f.compile()
	c.expand(done, at)
	for _, d := range done.diags {
		if d.Severity == diag.Error && !c.reported[f] {
			d.Notes = slices.Clone(d.Notes)
			*c.diags = append(*c.diags, *d.Note(at, "used by this step")) //nolint:staticcheck // a copy of the diagnostic
		}
	}
	if c.reported == nil {
		c.reported = map[*libraryFile]bool{}
	}
	c.reported[f] = true
	c.used = append(c.used, TemplateUse{Node: n, Path: f.name, Template: done.template})
	t = done.template
	t.Name = n.Value
	return t
}

// isTemplate reports whether a file is a template, and a mistake when it is not.
func (c *compiler) isTemplate(f *libraryFile, name string, at diag.Range) bool {
	kind, _ := source.Lookup(f.file.Root, "kind")
	if kind != nil && kind.Value == KindTemplate {
		return true
	}
	what := "is no template: it does not say kind: " + KindTemplate
	if kind != nil && kind.Value != "" {
		what = fmt.Sprintf("is no template: its kind is %q", kind.Value)
	}
	c.diags.Add(at, "not-a-template", "%s %s", filepath.ToSlash(name), what)
	return false
}

// circular reports a template that leads back to the file that is being checked.
func (c *compiler) circular(f *libraryFile, at diag.Range) bool {
	var back []templateUse
	if f != c.self {
		if back = c.library.loop(f, c.self); back == nil {
			return false
		}
	}
	names := []string{filepath.ToSlash(c.self.name), filepath.ToSlash(f.name)}
	d := c.diags.Add(at, "template-cycle", "")
	from := f
	for _, u := range back {
		d.Note(from.file.Range(u.node), "which uses %s", filepath.ToSlash(u.file.name))
		names = append(names, filepath.ToSlash(u.file.name))
		from = u.file
	}
	d.Message = "templates use each other without end: " + strings.Join(names, " -> ")
	if f == c.self {
		d.Message = "this template uses itself without end"
	}
	return true
}

// expand counts the steps that a use brings, and reports when they become too many.
func (c *compiler) expand(done *compiledTemplate, at diag.Range) {
	if c.depth = max(c.depth, done.depth); done.depth == maxTemplateDepth+1 {
		c.diags.Add(at, "expansion-limit", "templates are used by templates more than %d levels deep", maxTemplateDepth)
	}
	if done.diags.HasErrors() {
		return
	}
	before := c.expanded
	c.expanded = min(c.expanded+done.steps, maxExpandedSteps+1)
	if total := len(c.order) + c.expanded; total > maxExpandedSteps && len(c.order)+before <= maxExpandedSteps {
		c.diags.Add(at, "expansion-limit", "with this use the file stands for more than %d steps; at most that many can run", maxExpandedSteps)
	}
}
