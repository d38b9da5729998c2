package scenario

import (
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/field"
)

// EnumDocs returns what the documentation says of each value of a field: a part of the field's own sentence that begins
// with the value, or the row of a table in the kind's document. It is nil when nothing is said of any.
func EnumDocs(f *field.Field, doc string) []string {
	out := make([]string, len(f.Enum))
	for i, value := range f.Enum {
		if out[i] = clauseOf(f.Doc, value); out[i] == "" {
			out[i] = rowOf(doc, value)
		}
	}
	if !slices.ContainsFunc(out, func(s string) bool { return s != "" }) {
		return nil
	}
	return out
}

// clauseOf finds "value does this" in a list of such parts.
func clauseOf(sentence, value string) string {
	m := regexp.MustCompile(`[:,] ` + regexp.QuoteMeta(value) + ` ([^,.;]+)`).FindStringSubmatch(sentence)
	if m == nil {
		return ""
	}
	return m[1]
}

// rowOf finds the row of a Markdown table whose first cell is the value.
func rowOf(doc, value string) string {
	var head []string
	for _, line := range strings.Split(doc, "\n") {
		cells := cellsOf(line)
		switch {
		case cells == nil:
			head = nil
		case head == nil:
			head = cells
		case cells[0] == "`"+value+"`":
			return spoken(head, cells)
		}
	}
	return ""
}

func cellsOf(line string) []string {
	inner, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	cells := strings.Split(strings.TrimSuffix(inner, "|"), "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(c)
	}
	return cells
}

func spoken(head, cells []string) string {
	var parts []string
	for i := 1; i < min(len(head), len(cells)); i++ {
		if cells[i] != "" {
			parts = append(parts, head[i]+": "+cells[i])
		}
	}
	return strings.Join(parts, "; ")
}
