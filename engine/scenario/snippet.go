package scenario

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// snippets are what an editor writes for a new step: for each kind the first example of its documentation, whose texts
// are places to type over. Clients sort by sortText, so these come first and in the order of the reference. Their labels
// are not the bare kinds, because editors join two proposals of one name into something that is neither.
func snippets(r *step.Registry) []any {
	out := []any{}
	for i, d := range r.Steps {
		body := exampleBody(d)
		if body == nil {
			continue
		}
		out = append(out, field.NewSchema().Set("label", d.Name+" (example)").Set("sortText", fmt.Sprintf("%02d", i)).
			Set("markdownDescription", kindText(d)).Set("body", field.NewSchema().Set(d.Name, body)))
	}
	return out
}

// exampleBody returns what stands under the kind in the first step of its first example.
func exampleBody(d step.Definition) any {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(FirstExample(d.Doc)), &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range doc.Content[0].Content {
		if body, _ := source.Lookup(item, d.Name); body != nil {
			s := snippet{}
			return s.value(body)
		}
	}
	return nil
}

// snippet numbers the places of one body.
type snippet struct{ places int }

func (s *snippet) value(n *yaml.Node) any {
	n = source.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		out := field.NewSchema()
		for _, p := range source.Pairs(n) {
			out.Set(p.Key.Value, s.value(p.Value))
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, item := range n.Content {
			out[i] = s.value(item)
		}
		return out
	}
	if n.Tag != "!!str" {
		return field.Scalar(n)
	}
	return s.text(n)
}

var snippetEscaper = strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`)

// text returns a text as a place, in quotes where YAML wants them: editors write it as it is.
func (s *snippet) text(n *yaml.Node) string {
	s.places++
	quote := ""
	if strings.ContainsAny(n.Value, "{}[]#\"'") || strings.Contains(n.Value, ": ") || strings.IndexAny(n.Value, "-?!&*|>%@`") == 0 {
		quote = `'`
	}
	return fmt.Sprintf("%s${%d:%s}%s", quote, s.places, snippetEscaper.Replace(doubled(n.Value, quote)), quote)
}

// doubled writes a text for single quotes, when there are any.
func doubled(text, quote string) string {
	if quote == "" {
		return text
	}
	return strings.ReplaceAll(text, quote, quote+quote)
}
