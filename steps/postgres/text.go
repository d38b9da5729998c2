package postgres

import "github.com/scenario-runner/scenario-runner/engine/step"

// CheckText reports a statement at a dotted path whose text an expression makes. text is what is known of it.
func CheckText(path, text string, p *step.Problems) {
	if text == "" && p.Dynamic(path) {
		WarnText(path, p)
	}
}

// WarnText says that a statement should not be put together from values.
func WarnText(path string, p *step.Problems) {
	p.Warn(path, "statement-text", "the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params")
}
