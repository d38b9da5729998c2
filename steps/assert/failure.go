package assert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// evidenceTime is how long the collection of evidence may take.
const evidenceTime = 3 * time.Second

// failure explains all claims that are not as they must be. when says at which moment, "" for a single look.
func (b *board) failure(ctx context.Context, findings []finding, when string) error {
	b.mu.Lock()
	scope := b.scope()
	b.mu.Unlock()
	f := step.Fail("%s", b.headline(findings, scope, when))
	if !slices.ContainsFunc(findings, finding.isFalse) {
		f.Verdict = step.Errored
	}
	if len(findings) == 1 {
		for _, o := range findings[0].expr.Explain(scope) {
			f.With(o.Text, o.Value)
		}
	} else {
		for _, one := range findings {
			f.Explain(one.says(), operandLines(one, scope)...)
		}
	}
	b.witnesses(f, findings)
	evidence, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTime)
	defer cancel()
	for _, s := range b.concerned(findings) {
		f.Explain("how "+s.name+" got there", s.history.Lines(observe.Look.String)...)
		f.Sections = append(f.Sections, s.subject.Explain(evidence, s.look)...)
	}
	return f
}

func operandLines(one finding, scope eval.Scope) []string {
	operands := one.expr.Explain(scope)
	width := 0
	for _, o := range operands {
		width = max(width, len([]rune(o.Text)))
	}
	lines := make([]string, len(operands))
	for i, o := range operands {
		lines[i] = fmt.Sprintf("%-*s  %s", width, o.Text, o.Value)
	}
	return lines
}

// headline is the first line: the claim, or how many of them, after the author's own words.
func (b *board) headline(findings []finding, scope eval.Scope, when string) string {
	text := findings[0].says()
	if len(findings) > 1 {
		all := make([]string, len(findings))
		for i, f := range findings {
			all[i] = f.says()
		}
		text = fmt.Sprintf("%d of %d claims do not hold: %s", len(findings), len(b.claims), strings.Join(all, "; "))
	}
	text += when
	if b.c.Message.Empty() {
		return text
	}
	message, err := b.c.Message.Eval(scope)
	if err != nil {
		message = fmt.Sprintf("(the message can't be written: %v)", err)
	}
	return message + ": " + text
}

// witnesses adds the state that shows it: the resource version and the last thing seen of each source.
func (b *board) witnesses(f *step.Failure, findings []finding) {
	for _, s := range b.concerned(findings) {
		if !s.seen {
			continue
		}
		f.With(s.name+" was", s.look.String())
		if s.look.ResourceVersion != "" {
			f.With(s.name+" at resourceVersion", s.look.ResourceVersion)
		}
	}
}

// concerned lists the sources that the findings name.
func (b *board) concerned(findings []finding) []*seat {
	var out []*seat
	for _, s := range b.seats {
		if slices.ContainsFunc(findings, func(f finding) bool { return slices.Contains(f.names(), s.name) }) {
			out = append(out, s)
		}
	}
	return out
}
