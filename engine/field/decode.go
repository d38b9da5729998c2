package field

import (
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Decoder compiles the YAML of one file. It reports every mistake and goes on.
type Decoder struct {
	File  *source.File
	Diags *diag.List
	// Special decodes the types that were named to Describe: step blocks.
	Special func(n *yaml.Node, env *eval.Env) any
	// Misplaced says of a field that the outermost struct does not have where it belongs, as in "; it belongs to …", and
	// which field was not given because of that. Both are "" when nothing is known; nil knows nothing.
	Misplaced func(name string) (hint, instead string)
	// Known is what is known before the run. Nil means that nothing is.
	Known *Known
	// Reference reads the file that n names, and returns what takes the place of the name. Nil reads none.
	Reference func(n *yaml.Node) any
	// Compiled is told of each expression and of the text that holds it. Nil is told of none.
	Compiled func(p *eval.Program, n *yaml.Node)
	// Names tells the type of a name that a scope tag adds. config is the value that is being decoded, in which the
	// fields without such a tag are there already. Nil means that nothing is known.
	Names func(config reflect.Value, name string) eval.Type
	// Shared is what is known of the whole file; nil means nothing.
	Shared *Shared
	// Caller is what the one who decodes wants those to know who are asked to compile; the decoder itself has no use for it.
	Caller any
}

// Shared is what the parts of one file tell each other while it is checked: a step may say which kinds of objects there
// will be. It must not be used by several goroutines at once.
type Shared struct{ values map[any]any }

// Value returns what is kept under a key, which is made when it is first asked for.
func (s *Shared) Value(key any, fresh func() any) any {
	if v, ok := s.values[key]; ok {
		return v
	}
	if s.values == nil {
		s.values = map[any]any{}
	}
	v := fresh()
	s.values[key] = v
	return v
}

// Body is a compiled config: a YAML node whose ${{ }} parts and expressions are compiled and checked.
type Body struct {
	Node     *yaml.Node
	Programs []*eval.Program // every expression in it, in document order
	Specials []any           // what the Special hook returned, in document order
	// Conditions are the expressions that are true or false, in document order. Those inside ${{ }} are not among them.
	Conditions []Condition
	// References is what the Reference hook returned, in document order.
	References []any
	file       *source.File
	shape      *Shape
	defaults   func() reflect.Value
	static     reflect.Value
	texts      map[*yaml.Node]eval.Text
	known      map[*yaml.Node]any // values of texts that were put in before the run
	compiled   map[*yaml.Node]any // programs, later texts and trees, specials
}

// Compile decodes n as shape. what names the thing in messages ("deploy"). defaults returns a fresh value to decode
// into. The second result is false when there was a mistake; the body is then only good for its programs.
func (d *Decoder) Compile(n *yaml.Node, what string, shape *Shape, env *eval.Env, defaults func() reflect.Value) (*Body, bool) {
	b := &Body{
		Node: n, file: d.File, shape: shape, defaults: defaults, static: defaults(),
		texts: map[*yaml.Node]eval.Text{}, compiled: map[*yaml.Node]any{},
	}
	c := &pass{body: b, decoder: d, file: d.File}
	c.value(n, what, shape, env, b.static)
	return b, !c.failed
}

// Static returns the decoded value in which every ${{ }} is still zero.
func (b *Body) Static() reflect.Value { return b.static }

// Display returns the decoded value in which text with ${{ }} stands as it was written, for titles.
func (b *Body) Display() reflect.Value {
	if len(b.texts) == 0 {
		return b.static
	}
	v := b.defaults()
	c := &pass{body: b, file: b.file, binding: true, display: true, decoder: &Decoder{File: b.file, Diags: &diag.List{}}}
	c.value(b.Node, "", b.shape, nil, v)
	return v
}

// Bind returns a fresh value with every ${{ }} evaluated.
func (b *Body) Bind(scope eval.Scope) (reflect.Value, error) {
	v := b.defaults()
	var diags diag.List
	c := &pass{body: b, file: b.file, scope: scope, binding: true, decoder: &Decoder{File: b.file, Diags: &diags}}
	c.value(b.Node, "", b.shape, nil, v)
	return v, diags.Err()
}

// Find returns where the value at a path of keys and list positions stands; the path is followed as far as it exists.
func (b *Body) Find(path ...string) diag.Range {
	n := b.Node
	at := b.file.Range(n)
	for i, key := range path {
		if i == 0 && b.short(n, key) {
			continue
		}
		value, keyNode := child(n, key)
		if value == nil {
			break
		}
		n = value
		at = b.file.Range(value)
		if source.Follow(value).Kind != yaml.ScalarNode {
			at = b.file.Range(keyNode)
		}
	}
	return at
}

// Value returns what the author wrote at a path of keys and list positions, nil when there is nothing. A shorthand
// counts as its field.
func (b *Body) Value(path ...string) *yaml.Node {
	n := b.Node
	for i, key := range path {
		if i == 0 && b.short(n, key) {
			continue
		}
		if n, _ = child(n, key); n == nil {
			return nil
		}
	}
	return source.Follow(n)
}

// Within returns where a part of the text at a path of keys and list positions stands, in characters.
func (b *Body) Within(from, to int, path ...string) diag.Range {
	n := b.Value(path...)
	if n == nil || n.Kind != yaml.ScalarNode {
		return b.Find(path...)
	}
	return b.file.Within(n, from, to)
}

// Range returns where a node of the body stands.
func (b *Body) Range(n *yaml.Node) diag.Range { return b.file.Range(n) }

// Dir returns the folder of the file that the body stands in.
func (b *Body) Dir() string { return filepath.Dir(b.file.Name) }

// child returns the value under a key of a mapping or at a position of a list, and the node that names it in messages.
func child(n *yaml.Node, key string) (value, name *yaml.Node) {
	n = source.Follow(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return source.Lookup(n, key)
	}
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(n.Content) {
		return nil, nil
	}
	return n.Content[i], n.Content[i]
}

// short reports whether n, which is no mapping, stands for the field of that name.
func (b *Body) short(n *yaml.Node, key string) bool {
	n = source.Follow(n)
	return b.shape.Shorthand != nil && b.shape.Shorthand.Name == key && n.Kind != yaml.MappingNode && !isNull(n)
}

// Has reports whether the author gave a value at a path of keys and list positions. A shorthand counts as its field.
func (b *Body) Has(path ...string) bool {
	n := b.Node
	for i, key := range path {
		if i == 0 && b.short(n, key) {
			continue
		}
		value, _ := child(n, key)
		if value == nil {
			return false
		}
		n = value
	}
	return true
}

// Dynamic reports whether the value at a path of keys and list positions, or what it stands in, holds ${{ }}.
func (b *Body) Dynamic(path ...string) bool {
	n := source.Follow(b.Node)
	for i, key := range path {
		if n.Kind == yaml.ScalarNode {
			return strings.Contains(n.Value, "${{")
		}
		if i == 0 && b.short(n, key) {
			continue
		}
		value, _ := child(n, key)
		if value == nil {
			return false
		}
		n = source.Follow(value)
	}
	return dynamic(n)
}

// dynamic reports whether a text in a tree holds ${{ }}.
func dynamic(n *yaml.Node) bool {
	n = source.Follow(n)
	return n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${{") || slices.ContainsFunc(n.Content, dynamic)
}

// KeyAt returns where the key at a path stands, or what Find returns for a list item.
func (b *Body) KeyAt(path ...string) diag.Range {
	n := b.Node
	for i, key := range path {
		if i == 0 && b.short(n, key) {
			continue
		}
		value, keyNode := child(n, key)
		if value == nil {
			break
		}
		if i == len(path)-1 {
			return b.file.Range(keyNode)
		}
		n = value
	}
	return b.Find(path...)
}

// pass is one walk over a body: first to check and compile, later to bind values.
type pass struct {
	body    *Body
	decoder *Decoder
	file    *source.File
	scope   eval.Scope
	binding bool
	display bool // texts stay as they were written
	failed  bool
	locals  []local
}

func (c *pass) report(at diag.Range, check, format string, args ...any) *diag.Diagnostic {
	c.failed = true
	return c.decoder.Diags.Add(at, check, format, args...)
}

// value decodes n into target, which is settable.
func (c *pass) value(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	n = source.Follow(n)
	if target.Kind() == reflect.Pointer && s.Type.Kind() == reflect.Pointer {
		if isNull(n) {
			return
		}
		p := reflect.New(target.Type().Elem())
		inner := *s
		inner.Type = s.Type.Elem()
		target.Set(p) // first, so that names inside of it can have types that depend on what stands beside them
		c.value(n, what, &inner, env, p.Elem())
		return
	}
	if c.template(n, what, s, env, target) {
		return
	}
	switch s.Kind {
	case List:
		c.list(n, what, s, env, target)
	case Map:
		c.mapping(n, what, s, env, target)
	case Struct:
		c.structure(n, what, s, env, target)
	case Any:
		c.any(n, env, target)
	case Expression:
		c.expression(n, what, s, env, target)
	case Later:
		c.later(n, what, env, target)
	case Special:
		c.special(n, env, target)
	case Reference:
		c.reference(n, what, s, target)
	default:
		c.scalar(n, what, s, target)
	}
}

func (c *pass) list(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		if !isNull(n) {
			c.mismatch(n, what, s)
		}
		return
	}
	out := reflect.MakeSlice(target.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		c.value(item, what, s.Elem, env, out.Index(i))
	}
	target.Set(out)
}

func (c *pass) mapping(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	if n.Kind != yaml.MappingNode {
		if !isNull(n) {
			c.mismatch(n, what, s)
		}
		return
	}
	out := reflect.MakeMap(target.Type())
	for _, p := range source.Pairs(n) {
		v := reflect.New(target.Type().Elem()).Elem()
		c.value(p.Value, what+"."+p.Key.Value, s.Elem, env, v)
		out.SetMapIndex(reflect.ValueOf(p.Key.Value).Convert(target.Type().Key()), v)
	}
	target.Set(out)
}

func (c *pass) structure(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	if n.Kind != yaml.MappingNode {
		c.short(n, what, s, env, target)
		return
	}
	given := map[string]bool{}
	var scoped []scoped
	for _, p := range source.Pairs(n) {
		f := s.Field(p.Key.Value)
		if f == nil {
			hint, instead := c.propose(n, p.Key.Value, s)
			c.report(c.file.Range(p.Key), "unknown-field", "unknown field %q of %s%s", p.Key.Value, what, hint)
			given[instead] = true // one mistake, one message
			continue
		}
		given[f.Name] = true
		if len(f.Scope) > 0 && env != nil {
			scoped = append(scoped, newScoped(p.Value, f, len(c.body.Programs)))
			continue
		}
		c.field(p.Value, f, n, env, target)
	}
	c.scoped(scoped, n, env, target)
	for _, f := range s.Fields {
		if f.Required && !given[f.Name] && !c.binding {
			c.report(c.file.Range(n), "missing-field", "%s needs %q: %s", what, f.Name, purpose(f.Doc))
		}
	}
}

// propose says what is meant by a field that a struct does not have, and which one it stands for.
func (c *pass) propose(n *yaml.Node, name string, s *Shape) (hint, instead string) {
	if n == c.body.Node && c.decoder.Misplaced != nil {
		if hint, instead := c.decoder.Misplaced(name); hint != "" {
			return hint, instead
		}
	}
	return diag.DidYouMean(name, s.Names()), diag.Suggest(name, s.Names())
}

// short decodes a struct that is not written as a mapping.
func (c *pass) short(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	switch {
	case s.Text && n.Kind == yaml.ScalarNode && !isNull(n):
		c.text(n, what, target)
	case s.Shorthand != nil && n.Kind == yaml.SequenceNode && s.Shorthand.Shape.Kind < List && !s.Shorthand.Single:
		c.mismatch(n, what, s)
	case s.Shorthand != nil && !isNull(n):
		c.field(n, s.Shorthand, nil, env, target)
		for _, f := range s.Fields {
			if f.Required && f.Name != s.Shorthand.Name && !c.binding {
				c.report(c.file.Range(n), "missing-field", "%s needs %q: %s", what, f.Name, purpose(f.Doc))
			}
		}
	case isNull(n):
		for _, f := range s.Fields {
			if f.Required && !c.binding {
				c.report(c.file.Range(n), "missing-field", "%s needs %q: %s", what, f.Name, purpose(f.Doc))
			}
		}
	default:
		c.mismatch(n, what, s)
	}
}

func (c *pass) field(n *yaml.Node, f *Field, parent *yaml.Node, env *eval.Env, target reflect.Value) {
	if env != nil && len(f.Scope) > 0 {
		env = c.extend(env, f.Scope, parent)
	}
	v := target.FieldByIndex(f.index)
	s := f.Shape
	if f.Single && s.Kind == List && source.Follow(n).Kind != yaml.SequenceNode && !isNull(source.Follow(n)) && !c.lone(n, s) {
		out := reflect.MakeSlice(s.Type, 1, 1)
		c.value(n, f.Name, s.Elem, env, out.Index(0))
		v.Set(out)
		return
	}
	c.value(n, f.Name, s, env, v)
	if len(f.Enum) > 0 {
		c.enum(n, f, v)
	}
}
