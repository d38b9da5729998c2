package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Mermaid writes plans as one flow chart, a frame for each scenario.
func Mermaid(w io.Writer, plans []Plan) error {
	m := mermaid{}
	m.WriteString("flowchart TD\n")
	broken := false
	for i, p := range plans {
		m.touches = map[string][]Touch{}
		for _, t := range p.Touches {
			m.touches[t.Step] = append(m.touches[t.Step], t)
			broken = broken || t.Effect == step.Breaks
		}
		m.frame(1, fmt.Sprintf("s%d", i+1), p.Name, func() {
			m.steps(2, fmt.Sprintf("s%d", i+1), p.Steps)
			if len(p.Finally) > 0 {
				m.frame(2, fmt.Sprintf("s%d_finally", i+1), "finally", func() {
					m.steps(3, fmt.Sprintf("s%d", i+1), p.Finally)
				})
			}
		})
	}
	if broken {
		m.line(1, "classDef breaks stroke:#c00,stroke-width:3px")
	}
	_, err := io.WriteString(w, m.String())
	return err
}

type mermaid struct {
	strings.Builder
	touches map[string][]Touch // of the present scenario, by step
}

func (m *mermaid) line(depth int, format string, args ...any) {
	m.WriteString(strings.Repeat("  ", depth) + fmt.Sprintf(format, args...) + "\n")
}

func (m *mermaid) frame(depth int, id, title string, inside func()) {
	m.line(depth, `subgraph %s["%s"]`, id, label(title))
	inside()
	m.line(depth, "end")
}

// steps draws the steps of a list, then the order among them: a full line from a step that must have finished, a thick
// one where the author asked for that, a dotted one from a step that must only have started.
func (m *mermaid) steps(depth int, prefix string, steps []Step) {
	for _, s := range steps {
		id := prefix + "_" + node(s.ID)
		if len(s.Steps) > 0 {
			m.frame(depth, id, s.caption(), func() { m.steps(depth+1, prefix, s.Steps) })
			continue
		}
		text, class := label(s.caption()), ""
		if touched := m.touches[s.ID]; len(touched) > 0 && touched[0].Effect != "" {
			if what := together(touched); !strings.Contains(s.caption(), what) {
				text += "<br/>" + label(touched[0].Verb+" "+what)
			}
			if touched[0].Effect == step.Breaks {
				class = ":::breaks"
			}
		}
		m.line(depth, `%s["%s"]%s`, id, text, class)
	}
	for _, s := range steps {
		for _, before := range s.direct {
			arrow := "-->"
			if slices.Contains(s.Needs, before) {
				arrow = "==>"
			}
			m.line(depth, "%s_%s %s %s_%s", prefix, node(before), arrow, prefix, node(s.ID))
		}
		for _, before := range s.Started {
			m.line(depth, "%s_%s -.-> %s_%s", prefix, node(before), prefix, node(s.ID))
		}
	}
}

// node makes an id of a step one of a node: a dot has a meaning of its own there.
func node(id string) string { return strings.ReplaceAll(id, ".", "__") }

func (s Step) caption() string {
	text := s.Kind
	switch {
	case s.Title == "" || s.Title == s.Kind:
	case strings.HasPrefix(s.Title, s.Kind):
		text = s.Title
	default:
		text += ": " + s.Title
	}
	if s.If != "" {
		text += " (if " + s.If + ")"
	}
	return text
}

// label escapes a text for a quoted label.
func label(s string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;").
		Replace(strings.Join(strings.Fields(s), " "))
}
