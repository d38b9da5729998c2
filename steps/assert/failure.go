package assert

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
		f.Facts = append(f.Facts, b.values(findings[0], scope)...)
	} else {
		for _, one := range findings {
			f.Explain(one.says(), columns(b.values(one, scope))...)
		}
	}
	b.witnesses(f, findings)
	evidence, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTime)
	defer cancel()
	for _, s := range b.concerned(findings) {
		f.Explain("how "+s.name+" got there", s.history.Lines(b.describe(s, findings, scope))...)
		f.Sections = append(f.Sections, s.subject.Explain(evidence, s.look)...)
	}
	return f
}

// values are the operands of a claim, and what to do about one that is not there.
func (b *board) values(one finding, scope eval.Scope) []step.Fact {
	missing := one.missing()
	var facts []step.Fact
	operands := observe.WithoutMissing(one.expr.Explain(scope), missing)
	for _, o := range operands {
		if s := b.seat(o.Text); s == nil || s.look.Value == nil {
			facts = append(facts, step.Fact{Name: o.Text, Value: o.Value})
		} else if len(operands) == 1 {
			facts = append(facts, step.Fact{Name: o.Text, Value: s.look.String()})
		}
	}
	if missing != nil {
		facts = append(facts, observe.MissingFacts(missing)...)
	}
	return facts
}

// seat returns the source of a name, nil when it is another name. Of a whole source the operands say nothing beside
// others, and else what was seen, because nobody reads the objects themselves.
func (b *board) seat(name string) *seat {
	for _, s := range b.seats {
		if s.name == name {
			return s
		}
	}
	return nil
}

// describe says of an earlier look at a source what the claims about it depended on.
func (b *board) describe(s *seat, findings []finding, scope eval.Scope) func(observe.Look) string {
	return func(l observe.Look) string {
		then := maps.Clone(scope)
		then[s.name] = l.Value
		var parts []string
		for _, one := range findings {
			if !slices.Contains(one.names(), s.name) {
				continue
			}
			for _, o := range one.expr.Explain(then) {
				if o.Text == s.name {
					continue
				}
				if part := o.Text + " " + o.Value; !slices.Contains(parts, part) {
					parts = append(parts, part)
				}
			}
		}
		if len(parts) == 0 {
			return l.String()
		}
		return strings.Join(parts, ", ")
	}
}

// columns writes facts as lines.
func columns(facts []step.Fact) []string {
	width := 0
	for _, f := range facts {
		width = max(width, len([]rune(f.Name)))
	}
	lines := make([]string, len(facts))
	for i, f := range facts {
		lines[i] = fmt.Sprintf("%-*s   %s", width, f.Name, f.Value)
	}
	return lines
}

// headline is the first line: the claim, or how many of them, after the author's own words.
func (b *board) headline(findings []finding, scope eval.Scope, when string) string {
	text := findings[0].says()
	if len(findings) > 1 {
		text = b.tally(findings)
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

// tally counts claims: "2 of 3 claims are false", "1 of 3 claims is false and 1 can't be answered".
func (b *board) tally(findings []finding) string {
	broken, forbidden := 0, false
	for _, f := range findings {
		forbidden = forbidden || !f.want
		if !f.isFalse() {
			broken++
		}
	}
	wrong := len(findings) - broken
	text := fmt.Sprintf("%d of %d claims ", cmp.Or(wrong, broken), len(b.claims))
	switch {
	case wrong == 0:
		return text + "can't be answered"
	case forbidden && wrong == 1:
		text += "does not hold"
	case forbidden:
		text += "do not hold"
	case wrong == 1:
		text += "is false"
	default:
		text += "are false"
	}
	if broken > 0 {
		text += fmt.Sprintf(" and %d can't be answered", broken)
	}
	return text
}

// witnesses adds the state that shows it: the last thing seen of each source and its resource version.
func (b *board) witnesses(f *step.Failure, findings []finding) {
	for _, s := range b.concerned(findings) {
		if !s.seen {
			continue
		}
		text := s.look.String()
		if s.look.ResourceVersion != "" {
			text += ", resourceVersion " + s.look.ResourceVersion
		}
		f.WithDetail(s.name, text)
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
