package assert

import (
	"errors"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// claim is one expression with what it must be and for how long.
type claim struct {
	expr eval.Expr[bool]
	text string
	want bool
	span time.Duration // 0 means at the first look only
}

// finding is a claim that is not as it must be.
type finding struct {
	claim
	err error // why it could not be answered, nil when it is plainly the wrong way
}

// claimsOf lists the claims in the order in which they are written.
func claimsOf(c *Config) []claim {
	var out []claim
	for _, e := range c.That {
		out = append(out, claim{expr: e, text: e.Source(), want: true, span: c.Always})
	}
	for _, e := range c.Never {
		out = append(out, claim{expr: e, text: "never " + e.Source(), span: c.For})
	}
	return out
}

// span is how long the claims are watched, 0 when they are looked at once.
func (c *Config) span() time.Duration {
	span := c.Always
	if len(c.Never) > 0 {
		span = max(span, c.For)
	}
	return span
}

// names lists the roots of the names that a claim uses.
func (c claim) names() []string { return namesIn(c.expr.Program()) }

func namesIn(program *eval.Program) []string {
	if program == nil {
		return nil
	}
	var out []string
	for _, r := range program.References {
		out = append(out, r.Path[0])
	}
	return out
}

// judge evaluates the claims that still count after some time, and returns those that are not as they must be.
func judge(claims []claim, scope eval.Scope, after time.Duration) []finding {
	var out []finding
	for _, c := range claims {
		if after > 0 && after > c.span {
			continue
		}
		value, err := c.expr.Eval(scope)
		if err != nil || value != c.want {
			out = append(out, finding{claim: c, err: err})
		}
	}
	return out
}

// isFalse reports whether the claim was answered; one about a field that is not there is false.
func (f finding) isFalse() bool { return f.err == nil || f.missing() != nil }

// broken returns the first error of a claim that can't be answered.
func broken(findings []finding) error {
	for _, f := range findings {
		if !f.isFalse() {
			return errors.New(f.expr.Source() + ": " + f.err.Error())
		}
	}
	return nil
}

// missing returns the error of a field that is not there, nil when that is not what is wrong.
func (f finding) missing() *eval.MissingError { return eval.Missing(f.err) }

// says tells what is wrong: "a == 3 is false".
func (f finding) says() string {
	switch missing := f.missing(); {
	case missing != nil:
		return f.expr.Source() + ": " + missing.Brief()
	case f.err != nil:
		return f.expr.Source() + ": " + f.err.Error()
	case f.want:
		return f.expr.Source() + " is false"
	}
	return f.expr.Source() + " is true, which must never be"
}
