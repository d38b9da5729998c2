package rule

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
)

// template is text with placeholders such as {{ labels.namespace }}.
type template struct {
	pieces []piece
}

// piece is literal text, or the name of a label or annotation.
type piece struct {
	literal string
	source  string
	name    string
}

// parseTemplate splits text at its placeholders.
func parseTemplate(text string) (template, error) {
	placeholder := regexp.MustCompile(`^\s*(labels|annotations)\.([A-Za-z_][A-Za-z0-9_]*)\s*$`)
	var parsed template
	rest := text
	for {
		literal, tail, found := strings.Cut(rest, "{{")
		if strings.Contains(literal, "}}") {
			return template{}, fmt.Errorf("found }} without {{ before it in %q", text)
		}
		if literal != "" {
			parsed.pieces = append(parsed.pieces, piece{literal: literal})
		}
		if !found {
			return parsed, nil
		}
		inside, tail, found := strings.Cut(tail, "}}")
		if !found {
			return template{}, fmt.Errorf("found {{ without }} after it in %q", text)
		}
		match := placeholder.FindStringSubmatch(inside)
		if match == nil {
			return template{}, fmt.Errorf("found placeholder %q, expected labels.NAME or annotations.NAME", strings.TrimSpace(inside))
		}
		parsed.pieces = append(parsed.pieces, piece{source: match[1], name: match[2]})
		rest = tail
	}
}

// literal returns a template without placeholders.
func literal(text string) template { return template{pieces: []piece{{literal: text}}} }

// empty reports whether the template is missing.
func (t template) empty() bool { return len(t.pieces) == 0 }

// render fills in the values of an alert. A value that is missing or empty is an error,
// because a target with half a name would be another target.
func (t template) render(a alert.Alert) (string, error) {
	var text strings.Builder
	for _, piece := range t.pieces {
		if piece.source == "" {
			text.WriteString(piece.literal)
			continue
		}
		values, noun := a.Labels, "label"
		if piece.source == "annotations" {
			values, noun = a.Annotations, "annotation"
		}
		if values[piece.name] == "" {
			return "", fmt.Errorf("the alert has no %s %q", noun, piece.name)
		}
		text.WriteString(values[piece.name])
	}
	return text.String(), nil
}
