package scenario

import (
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Inspection is what an editor asks of a file. Other than a Scenario it exists also when the file is wrong.
type Inspection struct {
	File        *source.File // its Root is nil when there is no tree to look at
	Diagnostics diag.List    // what Load reports
	Steps       []StepOutline
	Kind        string           // of the file: KindScenario, KindTemplate, or what else it says
	Parameters  []step.Parameter // that a template declares
	Templates   []TemplateUse    // that the steps use, in document order
	compiler    *compiler
}

// StepOutline is a step as an editor shows it.
type StepOutline struct {
	ID     string // given by the author, else ""
	Kind   string // "" when it is not known
	Node   *yaml.Node
	Parent int // index of the container step around it, -1 at the top
	Hidden bool
	Output eval.Type // what steps.<id> has
}

// TemplateUse is a place that names a template.
type TemplateUse struct {
	Node *yaml.Node // the name
	Path string     // of the file
	// Template is what is known of it: its parameters and outputs with their places. Of one that is wrong, less is known.
	Template step.Template
}

// Inspect checks one file as Load does and keeps what was found out on the way.
func (l *Loader) Inspect(name string, data []byte) *Inspection {
	i := l.inspect(name, data)
	c := i.compiler
	for _, d := range c.order {
		o := StepOutline{Kind: d.kind, Node: d.node, Hidden: d.hidden, Parent: -1, Output: d.outputType()}
		if d.named {
			o.ID = d.id
			if f, ok := c.outputsNow(d.id); ok {
				o.Output = f.Type
			}
		}
		i.Steps = append(i.Steps, o)
	}
	for k, d := range c.order {
		i.Steps[k].Parent = slices.Index(c.order, d.parent)
	}
	return i
}

// inspect checks one file. Templates are read anew each time, because an editor changes them as well.
func (l *Loader) inspect(name string, data []byte) *Inspection {
	fresh := newLibrary(l)
	self := fresh.get(name, data)
	self.read()
	kind := kindOf(self.file)
	if kind == KindTemplate {
		done := self.compile()
		return &Inspection{
			File: self.file, Diagnostics: done.diags, Kind: kind, Parameters: done.template.Parameters, Templates: done.compiler.used, compiler: done.compiler,
		}
	}
	diags := self.wrong
	c := newCompiler(l, fresh, self.file, &diags)
	if self.file.Root != nil {
		_, c = l.compileFile(fresh, self.file, &diags)
		if !diags.HasErrors() {
			diags = append(diags, l.schema.Validate(self.file)...)
		}
	}
	return &Inspection{File: self.file, Diagnostics: diags.Sorted(), Kind: kind, Templates: c.used, compiler: c}
}

// kindOf returns what a file says that it is.
func kindOf(f *source.File) string {
	if f.Root == nil {
		return ""
	}
	if kind, _ := source.Lookup(f.Root, "kind"); kind != nil {
		return source.Follow(kind).Value
	}
	return ""
}

// outputsNow returns the outputs of a step as the environment has them after every step is compiled.
func (c *compiler) outputsNow(id string) (eval.Field, bool) {
	steps, _ := c.env.Names().Field("steps")
	return steps.Type.Field(id)
}

// Registry returns the step kinds that the loader knows.
func (l *Loader) Registry() *step.Registry { return l.registry }

// EnvAt returns what an expression that stands at a path of keys and list positions can name. It plants an expression of
// its own there and compiles the steps around it, so that the answer is the one that checking gives.
func (i *Inspection) EnvAt(path []string) *eval.Env {
	c := i.compiler
	if len(path) > 0 && path[0] == "outputs" && i.Kind == KindTemplate {
		return c.env
	}
	block, rest := topList(i.File.Root, path)
	if len(rest) == len(path) {
		return c.loader.env
	}
	env := c.env
	for len(rest) >= 3 {
		definition, ok := c.loader.registry.Get(rest[1])
		if !ok {
			return env
		}
		item := source.Follow(child(block, rest[0]))
		body := child(item, rest[1])
		inner, depth := nestedBlock(definition.Config, rest[2:])
		if inner == nil {
			return c.planted(definition, body, rest[2:], env)
		}
		block = body
		for _, key := range inner {
			block = child(block, key)
		}
		env = c.blockEnv(definition, body, block, env)
		if d := c.nodes[item]; d != nil && !definition.Visible {
			env = c.inside(env, d)
		}
		rest = rest[2+depth:]
	}
	return c.shortEnv(path, block, env)
}

// shortEnv answers for a path that ends at a kind itself: its value stands for a field.
func (c *compiler) shortEnv(path []string, block *yaml.Node, env *eval.Env) *eval.Env {
	if len(path) < 3 {
		return env
	}
	kind := path[len(path)-1]
	definition, ok := c.loader.registry.Get(kind)
	if !ok || definition.Config.Shorthand == nil {
		return env
	}
	return c.planted(definition, child(child(block, path[len(path)-2]), kind), nil, env)
}

// nestedBlock reports whether a path into a config leads through a list of steps: the keys to that list, and how many
// segments of the path they are.
func nestedBlock(s *field.Shape, path []string) (keys []string, depth int) {
	if len(path) < 2 {
		return nil, 0
	}
	if f := s.Field(path[0]); f != nil && f.Shape.Kind == field.Special {
		return path[:1], 1
	}
	if _, err := strconv.Atoi(path[0]); err == nil && s.Shorthand != nil && s.Shorthand.Shape.Kind == field.Special {
		return []string{}, 0
	}
	return nil, 0
}

// blockEnv returns the environment that a container step gives to the steps inside it.
func (c *compiler) blockEnv(definition step.Definition, body, block *yaml.Node, env *eval.Env) *eval.Env {
	out := env
	if body == nil {
		return out
	}
	d := &field.Decoder{File: c.file, Diags: &diag.List{}, Special: func(n *yaml.Node, inner *eval.Env) any {
		if source.Follow(n) == source.Follow(block) {
			out = inner
		}
		return step.Block{}
	}}
	definition.Compile(d, body, env)
	return out
}

// The expressions that are planted, one for each kind of result. No author writes this text.
const plantedText = `"‸"`

func plantedFor(want eval.Kind) string {
	switch want {
	case eval.Bool:
		return plantedText + " == " + plantedText
	case eval.Float:
		return "len(" + plantedText + ")"
	}
	return plantedText
}

func (c *compiler) planted(definition step.Definition, body *yaml.Node, path []string, env *eval.Env) *eval.Env {
	text := "${{ " + plantedText + " }}"
	want := plantedText
	if s := shapeAt(definition.Config, path); s != nil && s.Kind == field.Expression {
		want = plantedFor(s.Want)
		text = want
	}
	leaf := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: 1, Column: 1}
	d := &field.Decoder{File: c.file, Diags: &diag.List{}, Special: func(*yaml.Node, *eval.Env) any { return step.Block{} }}
	_, compiled := definition.Compile(d, plant(body, path, leaf), env)
	for _, p := range compiled.Programs {
		if p.Source == want {
			return p.Env()
		}
	}
	return env
}

// shapeAt returns the shape at a path into a config, nil when there is none.
func shapeAt(s *field.Shape, path []string) *field.Shape {
	if s.Kind == field.Struct && s.Shorthand != nil {
		if len(path) == 0 || s.Field(path[0]) == nil {
			return lone(s.Shorthand, path)
		}
	}
	if len(path) == 0 {
		return s
	}
	switch s.Kind {
	case field.Struct:
		if f := s.Field(path[0]); f != nil {
			return lone(f, path[1:])
		}
	case field.List, field.Map:
		return shapeAt(s.Elem, path[1:])
	}
	return nil
}

// lone goes into a field whose list may be written as its only element.
func lone(f *field.Field, path []string) *field.Shape {
	if f.Single && f.Shape.Kind == field.List {
		if len(path) == 0 {
			return shapeAt(f.Shape.Elem, path)
		}
		if _, err := strconv.Atoi(path[0]); err != nil {
			return shapeAt(f.Shape.Elem, path)
		}
	}
	return shapeAt(f.Shape, path)
}

// plant returns a copy of a tree in which leaf stands at a path. What is missing on the way is made.
func plant(n *yaml.Node, path []string, leaf *yaml.Node) *yaml.Node {
	if len(path) == 0 {
		return leaf
	}
	n = source.Follow(n)
	index, err := strconv.Atoi(path[0])
	kind := yaml.MappingNode
	if err == nil {
		kind = yaml.SequenceNode
	}
	out := &yaml.Node{Kind: kind, Line: 1, Column: 1, Tag: map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[kind]}
	if n != nil && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode && kind == yaml.SequenceNode) {
		copied := *n
		out = &copied
		out.Content = slices.Clone(n.Content)
	}
	if out.Kind == yaml.SequenceNode {
		if index < 0 || index >= len(out.Content) {
			out.Content = append(out.Content, plant(nil, path[1:], leaf))
			return out
		}
		out.Content[index] = plant(out.Content[index], path[1:], leaf)
		return out
	}
	for i := 0; i+1 < len(out.Content); i += 2 {
		if out.Content[i].Value == path[0] {
			out.Content[i+1] = plant(out.Content[i+1], path[1:], leaf)
			return out
		}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0], Line: 1, Column: 1}
	out.Content = append(out.Content, key, plant(nil, path[1:], leaf))
	return out
}

// child returns what stands under a key or at a list position, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	n = source.Follow(n)
	if n == nil {
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil
		}
		return n.Content[i]
	}
	value, _ := source.Lookup(n, key)
	return value
}
