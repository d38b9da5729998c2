package lsp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// items collects completion items, whose order is that in which they are added.
type items struct {
	document *document
	from, to int
	quoted   bool // what is replaced stands in quotes, which stay
	list     []completionItem
}

// unquote leaves the quotes around what is replaced: clients compare what stands there with the labels.
func (i *items) unquote() {
	text := i.document.text[i.from:i.to]
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return
	}
	i.quoted, i.from = true, i.from+1
	if len(text) > 1 && text[len(text)-1] == text[0] {
		i.to--
	}
}

func (i *items) add(c completionItem, insert string) {
	c.SortText = fmt.Sprintf("%04d", len(i.list))
	c.Edit = &textEdit{Range: i.document.span(i.from, i.to), NewText: insert}
	if strings.Contains(insert, "$") {
		c.Format, c.Mode = formatSnippet, modeAdjustIndentation
	}
	i.list = append(i.list, c)
}

func (s *Server) completion(d *document, offset int) completionList {
	p := placeAt(d.text, offset)
	out := &items{document: d, from: p.from, to: p.to}
	if !p.found || p.path == nil && !p.key {
		return completionList{Items: []completionItem{}}
	}
	if source, from, ok := s.expressionAt(d, p, offset); ok {
		if p.open { // a kind that may also be written as nothing but an expression
			s.keys(d, s.resolve(d, p.path), p, out)
		}
		s.completeExpression(d, p, source, from, offset, out)
		return completionList{Items: slices.Clip(out.list)}
	}
	t := s.resolve(d, p.path)
	if p.key || p.open {
		s.keys(d, t, p, out)
	}
	if !p.key {
		s.values(d, t, p, offset, out)
	}
	if out.list == nil {
		out.list = []completionItem{}
	}
	return completionList{Items: out.list}
}

// keys offers what a mapping at the place may have and does not have yet.
func (s *Server) keys(d *document, t target, p place, out *items) {
	has := func(name string) bool { return p.key && name != p.name && slices.Contains(*p.siblings, name) }
	at := d.position(p.from)
	column := max(at.Character-indentOf(d.lineText(at.Line)), 0)
	after := p.key && strings.HasPrefix(strings.TrimLeft(d.text[p.to:], " "), ":")
	if t.step {
		s.stepKeys(column, after, has, out)
		return
	}
	t = lone(t)
	if t.shape != nil && t.shape.Kind == field.Map {
		s.entries(d, t, p, after, has, out)
		s.parameterKeys(d, p, after, has, out)
	}
	if t.shape == nil || t.shape.Kind != field.Struct {
		return
	}
	for _, f := range t.shape.Fields {
		if !has(f.Name) {
			out.add(keyItem(f), keyText(f.Name, f.Shape, column, after))
		}
	}
}

// indentOf returns how far a line is indented. Clients put that much before every further line of what they insert.
func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// lone goes into a list that may be written as its only element.
func lone(t target) target {
	if t.shape != nil && t.shape.Kind == field.List && t.field != nil && t.field.Single {
		t.shape = t.shape.Elem
	}
	return t
}

// stepKeys offers the kinds while a step has none, and the common fields.
func (s *Server) stepKeys(column int, after bool, has func(string) bool, out *items) {
	kinds := s.registry.Steps
	if !slices.ContainsFunc(kinds, func(k step.Definition) bool { return has(k.Name) }) {
		for _, k := range kinds {
			item := completionItem{Label: k.Name, Kind: itemModule, Detail: string(k.Group), Documentation: markdown(stepDoc(k))}
			out.add(item, kindText(k, column, after))
		}
	}
	for _, f := range s.common {
		if !has(f.Name) {
			out.add(keyItem(f), keyText(f.Name, f.Shape, column, after))
		}
	}
}

func keyItem(f field.Field) completionItem {
	detail := f.Shape.Describe()
	if f.Required {
		detail += ", required"
	}
	return completionItem{Label: f.Name, Kind: itemProperty, Detail: detail, Documentation: markdown(fieldDoc(&f))}
}

// keyText is what choosing a key writes. A key that has its colon already is only renamed.
func keyText(name string, s *field.Shape, column int, after bool) string {
	if after {
		return name
	}
	indent := "\n" + strings.Repeat(" ", column+2)
	switch {
	case s.Kind == field.Special:
		return name + ":" + indent + "- $0"
	case s.Kind == field.Struct && s.Shorthand == nil && !s.Text, s.Kind == field.Map:
		return name + ":" + indent + "$0"
	}
	return name + ": $0"
}

// kindText writes a step kind with the fields that it needs.
func kindText(k step.Definition, column int, after bool) string {
	if after {
		return k.Name
	}
	indent := "\n" + strings.Repeat(" ", column+2)
	text, stop := k.Name+":", 1
	for _, f := range k.Config.Fields {
		if f.Required && f.Shape.Kind != field.Special {
			text += fmt.Sprintf("%s%s: ${%d:%s}", indent, f.Name, stop, snippetEscaper.Replace(placeholder(f)))
			stop++
		}
	}
	if stop == 1 && k.Config.Shorthand != nil && k.Config.Shorthand.Shape.Kind == field.Special {
		return text + indent + "- $0"
	}
	if stop == 1 {
		return text + indent + "$0"
	}
	return text
}

// placeholder is what stands at first where a value is wanted. An example in brackets stands in the way of the text that
// the server proposes.
func placeholder(f field.Field) string {
	if f.Refers != "" && strings.ContainsAny(f.Example, "{[") {
		return ""
	}
	return f.Example
}

var snippetEscaper = strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`)

// values offers what a scalar at the place may be.
func (s *Server) values(d *document, t target, p place, offset int, out *items) {
	if t.field != nil && t.field.Name == "needs" && len(p.path) > 2 {
		out.unquote()
		s.stepIDs(d, offset, out)
		return
	}
	t = t.scalar()
	if t.field == nil || t.shape == nil {
		return
	}
	if !p.open {
		out.unquote()
		s.parameterValues(d, p, out)
		if t.field.Refers != "" && s.names(d, t, p, offset, out) {
			return
		}
	}
	doc := markdown(fieldDoc(t.field))
	switch {
	case len(t.field.Enum) > 0:
		docs := enumDocs(t)
		for i, v := range t.field.Enum {
			item := completionItem{Label: v, Kind: itemEnumMember, Documentation: doc}
			if docs != nil && docs[i] != "" {
				item.Documentation = markdown("**" + v + "**\n\n" + docs[i])
			}
			out.add(item, v)
		}
	case t.shape.Kind == field.Bool:
		for _, v := range []string{"true", "false"} {
			out.add(completionItem{Label: v, Kind: itemValue, Documentation: doc}, v)
		}
	case t.shape.Kind == field.Duration:
		for _, v := range examples(t.field, "30s", "5m") {
			out.add(completionItem{Label: v, Kind: itemValue, Documentation: doc}, v)
		}
	case t.field.Example != "" && !p.open:
		out.add(completionItem{Label: t.field.Example, Kind: itemValue, Detail: "example", Documentation: doc}, snippetEscaper.Replace(t.field.Example))
	}
}

func enumDocs(t target) []string {
	if t.definition == nil {
		return scenario.EnumDocs(t.field, "")
	}
	return scenario.EnumDocs(t.field, t.definition.Doc)
}

func examples(f *field.Field, usual ...string) []string {
	if f.Example == "" || slices.Contains(usual, f.Example) {
		return usual
	}
	return append([]string{f.Example}, usual...)
}

// stepIDs offers the steps that can be named.
func (s *Server) stepIDs(d *document, offset int, out *items) {
	for _, o := range s.readable(d, offset).Steps {
		if o.ID != "" && !o.Hidden {
			out.add(completionItem{Label: o.ID, Kind: itemReference, Detail: o.Kind}, o.ID)
		}
	}
}

// completeExpression offers names, fields and functions.
func (s *Server) completeExpression(d *document, p place, source string, from, offset int, out *items) {
	env := s.envAt(d, p, offset)
	at := analyse(env, source[:offset-from])
	out.from = offset - len(at.prefix)
	out.to = offset + wordLength(source[offset-from:])
	if before, ok := operand(source[:offset-from], at.prefix); ok && !at.member {
		out.operators(env, before)
		return
	}
	for _, f := range at.fields() {
		out.add(completionItem{Label: f.Name, Kind: itemField, Detail: typeText(f.Type), Documentation: markdown(f.Doc)}, f.Name)
	}
	if at.member {
		return
	}
	for _, f := range functionsOf(env) {
		item := completionItem{Label: f.name, Kind: itemFunction, Detail: f.signature(), Documentation: markdown(f.doc)}
		out.add(item, f.name+"($0)")
	}
}

func (s *Server) envAt(d *document, p place, offset int) *eval.Env {
	if !d.loaded() {
		return eval.NewEnv()
	}
	return s.readable(d, offset).EnvAt(p.path)
}
