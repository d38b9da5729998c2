package lsp

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// occurrence is a place where the author's name for something stands.
type occurrence struct {
	from, to   int // byte offsets in the document
	section    string
	id         string
	definition bool
}

// same reports whether both are about one thing.
func (o occurrence) same(x occurrence) bool { return o.section == x.section && o.id == x.id }

// sections are what expressions read names of that the author has given: the ids of steps, and the keys of what has the
// same name at the top of the file.
func sections() []string { return []string{"steps", "vars", "secrets", "matrix", "parameters"} }

// reference finds steps.<id> and the like; what stands before it decides whether `steps` is a name or a field of
// something.
var reference = regexp.MustCompile(`\b(` + strings.Join(sections(), "|") + `)\s*(?:\??\.\s*([A-Za-z0-9_]+)|\[\s*["']([A-Za-z0-9_]+)["']\s*\])`)

// occurrences lists where names stand: at their steps and keys, in needs and in expressions, in the order of the text.
func (s *Server) occurrences(d *document) []occurrence {
	i := s.inspect(d)
	if i.File.Root == nil {
		return nil
	}
	w := &finder{server: s, document: d, inspection: i}
	if d.loaded() { // the vars of a suite are those of its scenarios
		w.declared(i.File.Root)
	}
	w.walk(i.File.Root, d.top(), true)
	slices.SortFunc(w.found, func(a, b occurrence) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	return slices.Compact(w.found)
}

// finder walks the nodes of a file beside the shapes of the language.
type finder struct {
	server     *Server
	document   *document
	inspection *scenario.Inspection
	found      []occurrence
}

// declared finds the names that the sections at the top of the file give.
func (w *finder) declared(root *yaml.Node) {
	for _, section := range sections()[1:] {
		value, _ := source.Lookup(root, section)
		if value = source.Follow(value); value == nil || value.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(value.Content); i += 2 {
			key := value.Content[i]
			if section == "matrix" && (key.Value == "include" || key.Value == "exclude") {
				w.axes(value.Content[i+1])
				continue
			}
			w.whole(key, section, true)
		}
	}
}

// axes finds the axes that the cases under include and exclude name.
func (w *finder) axes(cases *yaml.Node) {
	if cases = source.Follow(cases); cases == nil || cases.Kind != yaml.SequenceNode {
		return
	}
	for _, one := range cases.Content {
		if one.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(one.Content); i += 2 {
				w.whole(one.Content[i], "matrix", false)
			}
		}
	}
}

// whole adds a scalar that is nothing but a name.
func (w *finder) whole(n *yaml.Node, section string, definition bool) {
	if n.Kind == yaml.ScalarNode {
		w.add(n, 0, utf8.RuneCountInString(n.Value), section, n.Value, definition)
	}
}

// walk visits a node; known says whether t is what the language says of it. Below unknown nodes only ${{ }} counts.
func (w *finder) walk(n *yaml.Node, t target, known bool) {
	if n.Kind == yaml.AliasNode {
		return // met where it is anchored
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.entry(n.Content[i], n.Content[i+1], t, known)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			inner := target{}
			if known {
				inner = w.server.into(t, "0")
			}
			w.walk(item, inner, known && (inner.shape != nil || inner.step))
		}
	case yaml.ScalarNode:
		w.scalar(n, t, known)
	}
}

func (w *finder) entry(key, value *yaml.Node, t target, known bool) {
	if known && t.step && key.Value == "id" && value.Kind == yaml.ScalarNode {
		w.whole(value, "steps", true)
		return
	}
	inner := target{}
	if known {
		inner = w.server.into(t, key.Value)
	}
	if known && t.step && key.Value == "needs" {
		w.needs(value)
		return
	}
	w.walk(value, inner, known && (inner.shape != nil || inner.step))
}

func (w *finder) needs(n *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			w.needs(item)
		}
		return
	}
	w.whole(n, "steps", false)
}

func (w *finder) scalar(n *yaml.Node, t target, known bool) {
	if known {
		if t = t.scalar(); t.shape != nil && t.shape.Kind == field.Expression {
			w.expression(n, 0, n.Value)
			return
		}
	}
	for at := 0; ; {
		i := strings.Index(n.Value[at:], "${{")
		if i < 0 {
			return
		}
		at += i + 3
		end := strings.Index(n.Value[at:], "}}")
		if end < 0 {
			end = len(n.Value) - at
		}
		w.expression(n, at, n.Value[at:at+end])
		at += end
	}
}

// expression finds the names of sections in an expression that begins at a byte offset of a scalar's value.
func (w *finder) expression(n *yaml.Node, offset int, text string) {
	quoted := withoutQuotes(text)
	for _, m := range reference.FindAllStringSubmatchIndex(text, -1) {
		before := strings.TrimRight(quoted[:m[0]], " ")
		if strings.HasSuffix(before, ".") || quoted[m[0]] != text[m[0]] {
			continue
		}
		from, to := m[4], m[5]
		if from < 0 {
			from, to = m[6], m[7]
		}
		start := utf8.RuneCountInString(n.Value[:offset+from])
		w.add(n, start, start+utf8.RuneCountInString(text[from:to]), text[m[2]:m[3]], text[from:to], false)
	}
}

// withoutQuotes blanks out quoted text.
func withoutQuotes(text string) string {
	out := []byte(text)
	var quote byte
	for i := 0; i < len(out); i++ {
		c := out[i]
		switch {
		case quote != 0 && c == '\\':
			out[i] = ' '
			if i+1 < len(out) {
				i++
				out[i] = ' '
			}
			continue
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0:
			continue
		}
		out[i] = ' '
	}
	return string(out)
}

func (w *finder) add(n *yaml.Node, from, to int, section, id string, definition bool) {
	start, end := w.document.bounds(w.inspection.File.Within(n, from, to))
	if w.document.text[start:end] != id {
		return // escaped in a way that can't be edited in place
	}
	w.found = append(w.found, occurrence{from: start, to: end, section: section, id: id, definition: definition})
}

// nameAt returns the name that stands at an offset, and everywhere that it stands.
func (s *Server) nameAt(d *document, offset int) (occurrence, []occurrence) {
	all := s.occurrences(d)
	for _, o := range all {
		if offset >= o.from && offset <= o.to {
			return o, slices.DeleteFunc(all, func(x occurrence) bool { return !x.same(o) })
		}
	}
	return occurrence{}, nil
}

// fileAt returns a file of the scenario's folder that the scalar at an offset names.
func fileAt(d *document, p place) (string, bool) {
	if p.key || p.from >= p.to || p.to > len(d.text) {
		return "", false
	}
	return localFile(d, strings.Trim(d.text[p.from:p.to], `"'`))
}
