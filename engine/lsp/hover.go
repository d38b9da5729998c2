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

func (s *Server) hover(d *document, offset int) *hover {
	p := placeAt(d.text, offset)
	if !p.found {
		return nil
	}
	if source, from, ok := s.expressionAt(d, p, offset); ok {
		return s.hoverExpression(d, p, source, from, offset)
	}
	path := p.path
	if p.key {
		path = append(slices.Clone(p.path), p.name)
	}
	t := s.resolve(d, path)
	text := ""
	switch {
	case t.body && p.key:
		text = stepDoc(*t.definition)
	case t.field != nil && t.field.Name == "needs" && !p.key:
		text = s.idDoc(d, strings.Trim(d.text[p.from:p.to], `"'`))
	case t.field != nil:
		text = fieldDoc(t.field)
	}
	if parameter, ok := s.parameterAt(d, p); ok && p.key {
		text = parameterDoc(parameter)
	}
	if found := s.objectsAt(d, p, offset); len(found) > 0 {
		text = objectDoc(found[0])
	}
	if text == "" {
		return nil
	}
	return &hover{Contents: markdown(text), Range: d.span(p.from, p.to)}
}

// stepDoc is the documentation of a step kind: its summary, what it must have, and its first example.
func stepDoc(k step.Definition) string {
	text := "**" + k.Name + "** (" + string(k.Group) + ")\n\n" + k.Summary
	if example := scenario.FirstExample(k.Doc); example != "" {
		text += "\n\n```yaml\n" + example + "\n```"
	}
	if k.Outputs.Kind == eval.Object && len(k.Outputs.Names()) > 0 {
		text += "\n\nOutputs: " + strings.Join(k.Outputs.Names(), ", ")
	}
	return text
}

// fieldDoc is the documentation of a field.
func fieldDoc(f *field.Field) string {
	head := fmt.Sprintf("**%s**: %s", f.Name, f.Shape.Describe())
	if f.Required {
		head += ", required"
	}
	text := head + "\n\n" + f.Doc
	if len(f.Enum) > 0 {
		text += "\n\nOne of: " + strings.Join(f.Enum, ", ")
	}
	if len(f.Scope) > 0 {
		text += "\n\nNames: " + strings.ReplaceAll(strings.Join(f.Scope, ", "), "*", "those of ")
	}
	if f.Example != "" {
		text += "\n\n```yaml\n" + f.Name + ": " + f.Example + "\n```"
	}
	return text
}

func (s *Server) idDoc(d *document, id string) string {
	for _, o := range s.inspect(d).Steps {
		if o.ID == id && id != "" {
			return "**" + id + "** (" + o.Kind + ")\n\n" + outputsText(o.Output)
		}
	}
	return ""
}

func outputsText(t eval.Type) string {
	var lines []string
	for _, f := range fieldsOf(t) {
		line := "- `" + f.Name + "` " + typeText(f.Type)
		if f.Doc != "" {
			line += ": " + f.Doc
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// hoverExpression describes the name, the field or the function under the cursor.
func (s *Server) hoverExpression(d *document, p place, source string, from, offset int) *hover {
	end := offset - from + wordLength(source[offset-from:])
	env := s.envAt(d, p, offset)
	at := analyse(env, source[:end])
	if at.prefix == "" {
		return nil
	}
	found := &hover{Range: d.span(from+end-len(at.prefix), from+end)}
	for _, f := range at.fields() {
		if f.Name == at.prefix {
			found.Contents = markdown(nameDoc(f))
			return found
		}
	}
	if at.member {
		return nil
	}
	for _, f := range functionsOf(env) {
		if f.name == at.prefix {
			found.Contents = markdown(strings.TrimSpace("`" + f.signature() + "`\n\n" + f.doc))
			return found
		}
	}
	return nil
}

func nameDoc(f eval.Field) string {
	text := "`" + f.Name + "` " + typeText(f.Type)
	if f.Doc != "" {
		text += "\n\n" + f.Doc
	}
	if names := f.Type.Names(); len(names) > 0 {
		text += "\n\nFields: " + strings.Join(names[:min(len(names), 40)], ", ")
	}
	return text
}
