package postgres

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// CheckText reports a statement at a dotted path that is empty, or whose text an expression makes. text is what is known
// of it.
func CheckText(path, text string, p *step.Problems) {
	switch {
	case strings.TrimSpace(text) != "" || !p.Given(path):
	case p.Dynamic(path):
		WarnText(path, p)
	default:
		p.At(path, "the statement is empty")
	}
}

// WarnText says that a statement should not be put together from values.
func WarnText(path string, p *step.Problems) {
	p.Warn(path, "statement-text", "the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params")
}
