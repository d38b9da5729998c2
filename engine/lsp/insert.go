package lsp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var missing = regexp.MustCompile(` needs "([^"]+)"`)

// missingField writes a field that must be there, with its example.
func (c *cures) missingField() {
	m := missing.FindStringSubmatch(c.found.Message)
	if m == nil {
		return
	}
	flow := c.document.text[c.from:c.to] == "{"
	at := c.from
	if flow {
		at++
	}
	p := placeAt(c.document.text, at)
	within := lone(c.server.resolve(c.document, p.path))
	below := lone(c.server.resolve(c.document, append(slices.Clone(p.path), p.name)))
	if f := fieldOf(within, m[1]); f != nil && p.found {
		if flow {
			c.add(f, at, "", c.flowEnd())
			return
		}
		c.add(f, c.from, "", "\n"+strings.Repeat(" ", c.column()))
		return
	}
	if f := fieldOf(below, m[1]); f != nil && p.key && strings.HasPrefix(c.document.text[p.to:], ":") {
		c.add(f, p.to+1, "\n"+strings.Repeat(" ", c.column()+2), "")
	}
}

func fieldOf(t target, name string) *field.Field {
	if t.shape == nil || t.shape.Kind != field.Struct {
		return nil
	}
	return t.shape.Field(name)
}

// column is the byte column at which the mistake begins.
func (c *cures) column() int {
	return c.from - c.document.lines[c.found.Range.Start.Line-1]
}

// flowEnd is what stands behind the first entry of the flow mapping at the mistake.
func (c *cures) flowEnd() string {
	if strings.HasPrefix(strings.TrimLeft(c.document.text[c.from+1:], " \t\r\n"), "}") {
		return ""
	}
	return ", "
}

func (c *cures) add(f *field.Field, at int, before, after string) {
	value := sample(f)
	if value == "" {
		return
	}
	c.list = append(c.list, cure{title: "Add " + f.Name, from: at, to: at, text: before + f.Name + ": " + value + after, preferred: true})
}

// sample is a value of a field to start from, in one line; "" when there is none.
func sample(f *field.Field) string {
	switch {
	case f.Example != "":
		return f.Example
	case len(f.Enum) > 0:
		return f.Enum[0]
	}
	switch f.Shape.Kind {
	case field.Bool, field.Expression:
		return "true"
	case field.Int, field.Float:
		return "1"
	case field.Duration:
		return "30s"
	case field.String, field.Later, field.Any:
		return `""`
	case field.List:
		return "[]"
	case field.Struct:
		return sampleStruct(f.Shape)
	}
	return ""
}

func sampleStruct(s *field.Shape) string {
	var parts []string
	for i := range s.Fields {
		f := &s.Fields[i]
		if !f.Required {
			continue
		}
		value := sample(f)
		if value == "" {
			return ""
		}
		parts = append(parts, f.Name+": "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// judge adds a step that can fail behind the last one.
func (c *cures) judge() {
	kinds := c.server.registry.Steps
	expression := func(k step.Definition) bool {
		short := k.Config.Shorthand
		return k.Judges && short != nil && (target{field: short, shape: short.Shape}).scalar().shape.Kind == field.Expression
	}
	i := slices.IndexFunc(kinds, expression)
	if i < 0 {
		return
	}
	example := scenario.FirstExample(kinds[i].Doc)
	if !strings.HasPrefix(example, "- ") {
		example = fmt.Sprintf("- %s: %s", kinds[i].Name, sample(kinds[i].Config.Shorthand))
	}
	steps, _ := source.Lookup(c.inspection.File.Root, "steps")
	steps = source.Follow(steps)
	if steps == nil || steps.Kind != yaml.SequenceNode || steps.Style&yaml.FlowStyle != 0 || len(steps.Content) == 0 {
		return
	}
	last := steps.Content[len(steps.Content)-1]
	line := endOf(c.inspection.File, last).Line - 1
	at := c.document.lines[line] + len(c.document.lineText(line))
	indent := "\n" + strings.Repeat(" ", max(steps.Column-1, 0))
	c.list = append(c.list, cure{
		title: "Add a step that judges (" + kinds[i].Name + ")", from: at, to: at,
		text: indent + strings.ReplaceAll(example, "\n", indent), preferred: true,
	})
}

// removeEntry takes the entry of a mapping away whose key or value is marked.
func (c *cures) removeEntry() {
	n, i := entryAt(c.inspection.File, c.inspection.File.Root, c.found.Range)
	if n == nil {
		return
	}
	file := c.inspection.File
	from, to := 0, 0
	switch {
	case i+2 < len(n.Content):
		from, to = c.document.at(file.Range(n.Content[i]).Start), c.document.at(file.Range(n.Content[i+2]).Start)
	case i > 0:
		from, to = c.document.at(endOf(file, n.Content[i-1])), c.document.at(endOf(file, n.Content[i+1]))
		if closing := strings.IndexAny(c.document.text[to:], "]\n"); closing >= 0 && c.document.text[to+closing] == ']' && n.Content[i+1].Kind == yaml.SequenceNode {
			to += closing + 1
		}
	default:
		return // nothing would be left
	}
	c.list = append(c.list, cure{title: "Remove " + n.Content[i].Value, from: from, to: to, preferred: true})
}

// entryAt finds the innermost mapping with an entry in which a place is marked, and where in its content the key is.
func entryAt(f *source.File, n *yaml.Node, at diag.Range) (*yaml.Node, int) {
	if n == nil || n.Kind == yaml.AliasNode {
		return nil, 0
	}
	for i, child := range n.Content {
		if inner, k := entryAt(f, child, at); inner != nil {
			return inner, k
		}
		if n.Kind == yaml.MappingNode && marked(f, child, at) {
			return n, i - i%2
		}
	}
	return nil, 0
}

// marked reports whether a place is that of a node or of an item of a list.
func marked(f *source.File, n *yaml.Node, at diag.Range) bool {
	return f.Range(n) == at ||
		n.Kind == yaml.SequenceNode && slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return marked(f, item, at) })
}
