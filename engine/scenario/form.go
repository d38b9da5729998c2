package scenario

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// form is a schema made ready to say of a node whether it is certainly allowed. It knows the few keywords that our schemas
// are made of; of any other it is never certain. It says nothing of why a node is refused: that is asked of a library,
// which takes thirty times as long and a fifth of a short command to be made ready.
type form struct {
	unsure     bool // the schema has a keyword that is not known here
	types      []string
	enum       []string
	pattern    *regexp.Regexp
	anyOf      []*form
	items      *form // nil allows everything
	minItems   int
	properties map[string]*form
	required   []string
	prefixes   []string // of keys whose values may be anything
	closed     bool     // keys must be among the properties
	others     *form    // of the values of other keys; nil allows everything
}

// annotations are the keywords that say nothing of what is allowed.
var annotations = []string{
	"$schema", "title", "description", "markdownDescription", "default", "examples", "definitions", "defaultSnippets",
	"errorMessage", "patternErrorMessage", "markdownEnumDescriptions",
}

// former makes forms of the schemas of one document.
type former struct {
	definitions *field.Schema
	made        map[string]*form // by definition; a definition may contain itself
	patterns    map[string]*regexp.Regexp
}

func newForm(document *field.Schema) *form {
	definitions, _ := document.Get("definitions").(*field.Schema)
	if definitions == nil {
		definitions = field.NewSchema()
	}
	m := &former{definitions: definitions, made: map[string]*form{}, patterns: map[string]*regexp.Regexp{}}
	return m.form(document)
}

// form makes the form of a schema. What is no schema that is known here gives one that is never certain.
func (m *former) form(value any) *form {
	s, ok := value.(*field.Schema)
	if !ok {
		return &form{unsure: true}
	}
	if ref, ok := s.Get("$ref").(string); ok {
		return m.definition(strings.TrimPrefix(ref, "#/definitions/"))
	}
	f := &form{}
	m.fill(f, s)
	return f
}

func (m *former) definition(name string) *form {
	if known, ok := m.made[name]; ok {
		return known
	}
	f := &form{}
	m.made[name] = f
	s, ok := m.definitions.Get(name).(*field.Schema)
	if !ok || s.Get("$ref") != nil {
		f.unsure = true
		return f
	}
	m.fill(f, s)
	return f
}

func (m *former) fill(f *form, s *field.Schema) {
	for _, keyword := range s.Keys() {
		if !slices.Contains(annotations, keyword) && !m.keyword(f, keyword, s.Get(keyword)) {
			f.unsure = true
		}
	}
}

// keyword takes one keyword over and reports whether it is known.
func (m *former) keyword(f *form, keyword string, value any) bool {
	known := false
	switch keyword {
	case "type":
		f.types, known = texts(value)
	case "enum":
		f.enum, known = texts(value)
	case "required":
		f.required, known = texts(value)
	case "minItems":
		f.minItems, known = value.(int)
	case "pattern":
		f.pattern = m.regexp(value)
		known = f.pattern != nil
	case "items":
		f.items, known = m.form(value), true
	case "anyOf":
		var all []any
		all, known = value.([]any)
		for _, one := range all {
			f.anyOf = append(f.anyOf, m.form(one))
		}
	case "properties":
		known = m.properties(f, value)
	case "patternProperties":
		known = f.prefixed(value)
	case "additionalProperties":
		allowed, simple := value.(bool)
		if f.closed = simple && !allowed; !simple {
			f.others = m.form(value)
		}
		known = true
	}
	return known
}

// texts returns a list of texts, which may be written as its only element.
func texts(value any) ([]string, bool) {
	if one, ok := value.(string); ok {
		return []string{one}, true
	}
	all, ok := value.([]string)
	return all, ok
}

func (m *former) regexp(value any) *regexp.Regexp {
	text, _ := value.(string)
	if known, ok := m.patterns[text]; ok {
		return known
	}
	made, err := regexp.Compile(text)
	if text == "" || err != nil {
		return nil
	}
	m.patterns[text] = made
	return made
}

func (m *former) properties(f *form, value any) bool {
	s, ok := value.(*field.Schema)
	if !ok {
		return false
	}
	f.properties = make(map[string]*form, len(s.Keys()))
	for _, name := range s.Keys() {
		f.properties[name] = m.form(s.Get(name))
	}
	return true
}

// prefixed takes over keys that are free by how they begin.
func (f *form) prefixed(value any) bool {
	s, ok := value.(*field.Schema)
	if !ok {
		return false
	}
	for _, pattern := range s.Keys() {
		prefix, found := strings.CutPrefix(pattern, "^")
		free, isSchema := s.Get(pattern).(*field.Schema)
		if !found || prefix != regexp.QuoteMeta(prefix) || !isSchema || len(free.Keys()) > 0 {
			return false
		}
		f.prefixes = append(f.prefixes, prefix)
	}
	return true
}

// accepts reports whether a node is certainly allowed.
func (f *form) accepts(n *yaml.Node) bool {
	if f.unsure || f.anyOf != nil && !slices.ContainsFunc(f.anyOf, func(one *form) bool { return one.accepts(n) }) {
		return false
	}
	n = source.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		return f.is("object") && f.enum == nil && f.object(source.Pairs(n))
	case yaml.SequenceNode:
		return f.is("array") && f.enum == nil && f.list(n.Content)
	}
	return f.scalar(field.Scalar(n))
}

func (f *form) is(kind string) bool { return f.types == nil || slices.Contains(f.types, kind) }

func (f *form) list(items []*yaml.Node) bool {
	if len(items) < f.minItems {
		return false
	}
	return f.items == nil || !slices.ContainsFunc(items, func(item *yaml.Node) bool { return !f.items.accepts(item) })
}

func (f *form) object(pairs []source.Pair) bool {
	for _, name := range f.required {
		if !slices.ContainsFunc(pairs, func(p source.Pair) bool { return p.Key.Value == name }) {
			return false
		}
	}
	return !slices.ContainsFunc(pairs, func(p source.Pair) bool { return !f.entry(p.Key.Value, p.Value) })
}

func (f *form) entry(key string, value *yaml.Node) bool {
	if of, ok := f.properties[key]; ok {
		return of.accepts(value)
	}
	if slices.ContainsFunc(f.prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
		return true
	}
	return !f.closed && (f.others == nil || f.others.accepts(value))
}

func (f *form) scalar(value any) bool {
	kind := ""
	switch v := value.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case int:
		return f.enum == nil && (f.is("number") || f.is("integer"))
	case float64:
		kind = "number" // a library takes 1.0 for an integer, too; of that nothing is certain here
	case string:
		kind = "string"
		if f.pattern != nil && !f.pattern.MatchString(v) || f.enum != nil && !slices.Contains(f.enum, v) {
			return false
		}
		return f.is(kind)
	}
	return f.is(kind) && f.enum == nil
}
