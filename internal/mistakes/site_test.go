package mistakes

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// site is a place of a good scenario where a mistake can be made.
type site struct {
	kind  string // of mistake
	what  string // before and after
	edit  func(lines []string) []string
	lines []int // where the mistake may be shown; a second one only where it has two sides
}

// sites are all places of a file. They are found by the declarations of the steps, as an author would by the reference.
type sites struct {
	file     *source.File
	lines    []string
	registry *step.Registry
	common   *field.Shape
	step     [2]int // first and last line of the step that is looked at
	found    []site
	ids      map[string]*yaml.Node
	uses     map[string][]int // lines on which an id is used
}

func sitesOf(file *source.File, r *step.Registry) []site {
	s := &sites{
		file: file, registry: r, lines: strings.Split(string(file.Data), "\n"),
		common: &field.Shape{Kind: field.Struct, Fields: scenario.CommonFields()},
		ids:    map[string]*yaml.Node{}, uses: map[string][]int{},
	}
	s.step = [2]int{1, len(s.lines)}
	s.value(file.Root, &field.Shape{Kind: field.Struct, Fields: scenario.DocumentFields()}, nil)
	for id, at := range s.ids {
		if lines := s.uses[id]; len(lines) > 0 {
			s.replace("id renamed", at, id, id+"_two", lines)
		}
	}
	slices.SortStableFunc(s.found, func(a, b site) int { return strings.Compare(a.kind+a.what, b.kind+b.what) })
	return s.found
}

// value looks at a node of which the shape is known.
func (s *sites) value(n *yaml.Node, shape *field.Shape, f *field.Field) {
	n = source.Follow(n)
	switch {
	case shape.Kind == field.Special:
		s.steps(n)
	case shape.Kind == field.Struct && n.Kind == yaml.MappingNode:
		s.structure(n, shape)
	case shape.Kind == field.Struct && shape.Shorthand != nil:
		s.field(n, shape.Shorthand)
	case shape.Kind == field.List && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			s.value(item, shape.Elem, f)
		}
	case shape.Kind == field.List && f != nil && f.Single:
		s.value(n, shape.Elem, f)
	case shape.Kind == field.Map && n.Kind == yaml.MappingNode:
		for _, p := range source.Pairs(n) {
			s.value(p.Value, shape.Elem, nil)
		}
	case n.Kind == yaml.ScalarNode:
		s.scalar(n, shape, f)
	default:
		s.texts(n)
	}
}

func (s *sites) structure(n *yaml.Node, shape *field.Shape) {
	for i, p := range source.Pairs(n) {
		f := shape.Field(p.Key.Value)
		if f == nil {
			continue
		}
		s.key(n, p.Key, shape, i)
		if f.Required {
			s.remove(n, i, "needed field removed")
		}
		s.field(p.Value, f)
	}
}

func (s *sites) field(n *yaml.Node, f *field.Field) {
	if source.Follow(n).Kind == yaml.ScalarNode {
		s.typed(n, f)
	}
	s.value(n, f.Shape, f)
}

// steps looks at a list of steps.
func (s *sites) steps(n *yaml.Node) {
	around := s.step
	for _, item := range n.Content {
		item = source.Follow(item)
		s.step = [2]int{item.Line, s.last(item)}
		all := source.Pairs(item)
		for i, p := range all {
			definition, isKind := s.registry.Get(p.Key.Value)
			switch f := s.common.Field(p.Key.Value); {
			case isKind:
				names := &field.Shape{Kind: field.Struct}
				for _, name := range s.registry.Names() {
					names.Fields = append(names.Fields, field.Field{Name: name})
				}
				s.key(item, p.Key, names, i)
				s.value(p.Value, definition.Config, nil)
			case f != nil:
				s.key(item, p.Key, s.common, i)
				s.field(p.Value, f)
			}
			switch p.Key.Value {
			case "id":
				s.ids[p.Value.Value] = p.Value
			case "needs":
				s.needs(p.Value)
			}
		}
	}
	s.step = around
}

func (s *sites) needs(n *yaml.Node) {
	all := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		all = n.Content
	}
	for _, id := range all {
		s.uses[id.Value] = append(s.uses[id.Value], id.Line)
		s.replace("needs misspelt", id, id.Value, misspell(id.Value), []int{id.Line})
	}
}

// last returns the last line of a tree.
func (s *sites) last(n *yaml.Node) int {
	n = source.Follow(n)
	if n.Kind == yaml.ScalarNode {
		r := s.file.Range(n)
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			r = s.file.Within(n, 0, len([]rune(n.Value)))
		}
		return r.End.Line
	}
	line := n.Line
	for _, c := range n.Content {
		line = max(line, s.last(c))
	}
	return line
}

// replace makes a mistake in the text of a scalar that stands on one line.
func (s *sites) replace(kind string, n *yaml.Node, before, after string, lines []int) {
	at := s.file.Range(n)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && at.Start.Line == at.End.Line {
		s.at(kind, at, before, after, lines)
	}
}

// at makes a mistake by replacing a text within a stretch of one line.
func (s *sites) at(kind string, at diag.Range, before, after string, lines []int) {
	if lines == nil {
		lines = []int{at.Start.Line}
	}
	if before == after || at.Start.Line != at.End.Line {
		return
	}
	text := []rune(s.lines[at.Start.Line-1])
	from, to := at.Start.Column-1, min(at.End.Column-1, len(text))
	part := string(text[from:to])
	if !strings.Contains(part, before) {
		return
	}
	changed := string(text[:from]) + strings.Replace(part, before, after, 1) + string(text[to:])
	s.found = append(s.found, site{
		kind: kind, what: before + " → " + after, lines: lines,
		edit: func(all []string) []string {
			all = slices.Clone(all)
			all[at.Start.Line-1] = changed
			return all
		},
	})
}

// misspell swaps two letters in the middle of a word, or doubles one where they are the same.
func misspell(word string) string {
	r := []rune(word)
	if len(r) < 3 {
		return word + "x"
	}
	m := len(r) / 2
	if r[m-1] != r[m] {
		r[m-1], r[m] = r[m], r[m-1]
		return string(r)
	}
	return string(r[:m]) + string(r[m]) + string(r[m:])
}
