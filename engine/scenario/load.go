package scenario

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Loader checks scenario files against a registry of step kinds. It is safe for concurrent use.
type Loader struct {
	registry *step.Registry
	env      *eval.Env
	shapes   shapes
	schema   *Validator
	options  Options

	templateSchema *Validator
	library        *library
}

// NewLoader returns a loader for the kinds of a registry.
func NewLoader(r *step.Registry, options Options) (*Loader, error) {
	schema := lazyValidator(func() *field.Schema { return withoutGuards(Schema(r)) }) // most commands end before they need it
	env := eval.NewEnv(r.Functions...).With("scenario", scenarioType())
	variables := eval.Type{Kind: eval.Object}
	for _, name := range options.Environment {
		variables = variables.With(name, "", eval.Type{Kind: eval.String})
	}
	l := &Loader{registry: r, env: env.With("env", variables), shapes: newShapes(), schema: schema, options: options.withDefaults()}
	l.templateSchema = lazyValidator(func() *field.Schema { return withoutGuards(TemplateSchema(r)) })
	l.library = newLibrary(l)
	return l, nil
}

// Validator returns the second gate, through which every file goes that has no other mistake.
func (l *Loader) Validator() *Validator { return l.schema }

func scenarioType() eval.Type {
	text := eval.Type{Kind: eval.String}
	return eval.Type{Kind: eval.Object, Fields: []eval.Field{
		{Name: "name", Doc: "Name of the scenario.", Type: text},
		{Name: "id", Doc: "Id of this run of the scenario, unique on every cluster.", Type: text},
		{Name: "namespace", Doc: "Namespace of the scenario.", Type: text},
		{Name: "runId", Doc: "Id of the whole run.", Type: text},
		{Name: "dir", Doc: "Folder of the scenario file.", Type: text},
		{Name: "labels", Doc: "Labels of the scenario.", Type: eval.MapOf(text)},
	}}
}

// compiler is the state of one Load.
type compiler struct {
	loader   *Loader
	file     *source.File
	diags    *diag.List
	env      *eval.Env
	scenario *Scenario
	ids      map[string]*declared
	counter  int
	nodes    map[*yaml.Node]*declared
	order    []*declared
	shared   field.Shared
	nested   map[*declared][]*eval.Program // expressions of the steps inside a container
	programs []*eval.Program               // every expression of the file
	places   map[*eval.Program]*yaml.Node  // the texts that hold the expressions of steps
	advice   diag.List                     // what is better written in another way
	excused  []diag.Range                  // steps that judge and can't make the scenario fail

	matrix *matrix // nil when there is none
	fixed  *fixed  // the case of the matrix; nil when the file is checked as it is written

	library  *library
	self     *libraryFile  // the file as a template; nil when it is a scenario
	used     []TemplateUse // in document order
	reported map[*libraryFile]bool
	straight map[*libraryFile]bool // templates that don't lead back to self
	expanded int                   // steps that the templates in use bring
	depth    int                   // how deep they use each other
}

func newCompiler(l *Loader, library *library, file *source.File, diags *diag.List) *compiler {
	return &compiler{
		loader: l, library: library, file: file, diags: diags, env: l.env.Private(),
		scenario: &Scenario{File: file, Key: file.Name}, places: map[*eval.Program]*yaml.Node{},
	}
}

func (c *compiler) run() {
	root := source.Follow(c.file.Root)
	if root.Kind != yaml.MappingNode {
		c.diags.Add(c.file.Range(root), "wrong-type", "a scenario is a mapping that starts with apiVersion and kind")
		return
	}
	if c.foreign(root) {
		return
	}
	steps, _ := source.Lookup(root, "steps")
	finally, _ := source.Lookup(root, "finally")
	c.declare(steps, finally)
	c.declareBlock(abortNode(root), nil, false, false)
	if c.fixed == nil {
		c.matrix = c.readMatrix(root)
	}
	c.names(root)
	c.clusters(root)
	head := decodeTop[document](c, root, "the scenario", c.loader.shapes.document, "vars", "matrix")
	c.readBefore(root)
	c.fill(head)
	c.metadata(root)
	c.ruled()
	*c.diags = append(*c.diags, step.Conclude(&c.shared, c.whole())...)
	c.advise(root)
}

// whole is what steps may know of the file once all of them are compiled.
func (c *compiler) whole() step.Whole {
	w := step.Whole{Owned: c.scenario.Namespace == "" && c.self == nil, Broken: c.diags.HasErrors()}
	for _, d := range c.order {
		if !slices.Contains(w.Kinds, d.kind) {
			w.Kinds = append(w.Kinds, d.kind)
		}
	}
	return w
}

// names puts vars, secrets and steps into the environment before anything is checked against it.
func (c *compiler) names(root *yaml.Node) {
	vars, _ := source.Lookup(root, "vars")
	t := eval.Type{Kind: eval.Object}
	for _, p := range source.Pairs(vars) {
		t.Fields = append(t.Fields, eval.Field{Name: p.Key.Value, Type: c.varType(p.Value)})
	}
	secrets, _ := source.Lookup(root, "secrets")
	s := eval.Type{Kind: eval.Object}
	for _, p := range source.Pairs(secrets) {
		s.Fields = append(s.Fields, eval.Field{Name: p.Key.Value, Type: eval.Type{Kind: eval.String}})
	}
	c.env = c.env.WithAll(eval.Field{Name: "vars", Type: t}, eval.Field{Name: "secrets", Type: s}, eval.Field{Name: "steps", Type: c.stepsType()})
	if c.matrix != nil {
		c.env = c.env.With("matrix", c.matrix.types)
	}
}

func (c *compiler) varType(n *yaml.Node) eval.Type {
	n = source.Follow(n)
	if n.Kind != yaml.ScalarNode {
		return eval.TypeOfValue(field.Value(n))
	}
	if strings.Contains(n.Value, "${{") {
		return eval.AnyType
	}
	return eval.TypeOfValue(field.Scalar(n))
}

// topBlock is called for `steps` and `finally`, in the order of the struct.
func (c *compiler) topBlock(n *yaml.Node, env *eval.Env) any {
	return step.Block{Steps: c.block(n, env, 0, false)}
}

func (c *compiler) fill(d document) {
	s := c.scenario
	s.Name, s.Description = d.Metadata.Name, d.Metadata.Description
	s.Namespace, s.Labels = d.Metadata.Namespace, d.Metadata.Labels
	s.MaxDuration = d.Safety.MaxDuration
	c.safety(d)
	if b, ok := d.Steps.Steps.(*Block); ok {
		s.Steps = *b
	}
	if b, ok := d.Finally.Steps.(*Block); ok {
		s.Finally = *b
	}
	if b, ok := d.Safety.Abort.Steps.(*Block); ok {
		c.guard(b)
	}
	c.vars(source.Lookup(c.file.Root, "vars"))
	c.secrets(d)
}

// vars keeps each var as a tree of its own.
func (c *compiler) vars(n, _ *yaml.Node) {
	if v := source.Follow(n); v != nil && v.Kind != yaml.MappingNode && v.Tag != "!!null" {
		c.diags.Add(c.file.Range(n), "wrong-type", "vars: expected a mapping from names to values")
	}
	if len(source.Pairs(n)) == 0 {
		return
	}
	env := c.loader.env.Private() // vars are evaluated before anything runs: they see neither steps nor each other
	if c.matrix != nil {
		env = env.With("matrix", c.matrix.types)
	}
	d := &field.Decoder{File: c.file, Diags: &diag.List{}, Known: c.known()}
	shape := field.Describe(reflect.TypeFor[eval.Tree]())
	for _, p := range source.Pairs(n) {
		body, ok := d.Compile(p.Value, p.Key.Value, shape, env, func() reflect.Value { return reflect.New(reflect.TypeFor[eval.Tree]()).Elem() })
		if !identifier.MatchString(p.Key.Value) {
			c.diags.Add(c.file.Range(p.Key), "invalid-name", "var %q can't be used in expressions; a name has letters, digits and underscores", p.Key.Value)
			continue
		}
		if !ok {
			*c.diags, *d.Diags = append(*c.diags, *d.Diags...), nil
			continue
		}
		c.scenario.Vars = append(c.scenario.Vars, Var{Name: p.Key.Value, Value: body.Static().Interface().(eval.Tree)})
	}
}

func (c *compiler) secrets(d document) {
	section, _ := source.Lookup(c.file.Root, "secrets")
	for _, p := range source.Pairs(section) {
		if from, ok := d.Secrets[p.Key.Value]; ok {
			c.secret(p, from)
		}
	}
	slices.SortFunc(c.scenario.Secrets, func(a, b Secret) int { return strings.Compare(a.Name, b.Name) })
}

func (c *compiler) secret(p source.Pair, from secretFrom) {
	name := p.Key.Value
	file, _ := source.Lookup(p.Value, "file")
	env, _ := source.Lookup(p.Value, "env")
	switch {
	case source.Follow(p.Value).Kind != yaml.MappingNode, file == nil && env == nil && len(source.Pairs(p.Value)) > 0:
		return // reported already
	case from.Env == "" && from.File == "":
		c.diags.Add(c.file.Range(p.Key), "missing-field", "secret %q needs env or file: where its value is found", name)
	case from.Env != "" && from.File != "":
		c.diags.Add(c.file.Range(p.Key), "missing-field", "secret %q has env and file; give one of them", name)
	case from.File != "" && !filepath.IsLocal(from.File):
		c.diags.Add(c.file.Range(file), "outside-folder", "secret %q: file %q is outside the scenario's folder; paths in a scenario stay inside it", name, from.File)
	default:
		c.scenario.Secrets = append(c.scenario.Secrets, Secret{Name: name, Env: from.Env, File: from.File})
	}
}
