package rule

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Problem is one mistake in a rule file.
type Problem struct {
	Line, Column int
	Text         string
}

// Problems is every mistake in a rule file, in the order of the text.
type Problems struct {
	File string
	List []Problem
}

// Error writes one line per mistake, as editors and terminals can follow it.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, problem := range p.List {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", p.File, problem.Line, problem.Column, problem.Text)
	}
	return strings.Join(lines, "\n")
}

// add notes a mistake at a node.
func (p *Problems) add(node *yaml.Node, format string, arguments ...any) {
	p.List = append(p.List, Problem{Line: max(node.Line, 1), Column: max(node.Column, 1), Text: fmt.Sprintf(format, arguments...)})
}

// err returns the mistakes in order, or nil when there are none.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortStableFunc(p.List, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return p
}
