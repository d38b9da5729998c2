package step

import (
	"context"
	"errors"
	"fmt"
)

// Verdict is how a step, a scenario or a run ended. Only Passed is green.
type Verdict string

// The verdicts.
const (
	Passed       Verdict = "passed"
	Failed       Verdict = "failed"       // a claim is false
	Errored      Verdict = "errored"      // we could not find out
	Inconclusive Verdict = "inconclusive" // the fault was not proved, nothing was hit, a precondition was not met
	Skipped      Verdict = "skipped"      // not run, with a reason
	Flaky        Verdict = "flaky"        // passed only after being run again
)

// Fact is one value that helps to understand a failure, shown as `name  value`.
type Fact struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Detail bool   `json:"detail,omitempty"` // not shown to people unless they ask for everything
}

// Section is a titled block of lines that helps to understand a failure: an owner chain, recent events, the end of a log.
type Section struct {
	Title  string   `json:"title"`
	Lines  []string `json:"lines"`
	Detail bool     `json:"detail,omitempty"` // not shown to people unless they ask for everything
}

// Failure is an error with a verdict and an explanation. An error without a Failure in its chain means Errored.
type Failure struct {
	Verdict  Verdict
	Message  string
	Facts    []Fact
	Sections []Section
	Cause    error
	// Abort says that going on would do harm: the steps that run are ended, and no further one of the story begins.
	Abort bool
}

// Error returns the message, followed by the cause when there is one.
func (f *Failure) Error() string {
	if f.Cause != nil {
		return f.Message + ": " + f.Cause.Error()
	}
	return f.Message
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// With adds a fact and returns f.
func (f *Failure) With(name string, value any) *Failure {
	f.Facts = append(f.Facts, Fact{Name: name, Value: fmt.Sprint(value)})
	return f
}

// WithDetail adds a fact that people see only when they ask for everything, and returns f.
func (f *Failure) WithDetail(name string, value any) *Failure {
	f.Facts = append(f.Facts, Fact{Name: name, Value: fmt.Sprint(value), Detail: true})
	return f
}

// Explain adds a section unless it is empty and returns f.
func (f *Failure) Explain(title string, lines ...string) *Failure {
	if len(lines) > 0 {
		f.Sections = append(f.Sections, Section{Title: title, Lines: lines})
	}
	return f
}

// Fail says that the claim of the step is false.
func Fail(format string, args ...any) *Failure {
	return &Failure{Verdict: Failed, Message: fmt.Sprintf(format, args...)}
}

// Inconclude says that the step ran but proves nothing: nothing was hit, or the effect was never seen.
func Inconclude(format string, args ...any) *Failure {
	return &Failure{Verdict: Inconclusive, Message: fmt.Sprintf(format, args...)}
}

// Skip says that the step does not apply here.
func Skip(format string, args ...any) *Failure {
	return &Failure{Verdict: Skipped, Message: fmt.Sprintf(format, args...)}
}

// VerdictOf returns the verdict that err stands for: Passed for nil, that of the outermost Failure in the chain, else Errored.
func VerdictOf(err error) Verdict {
	if err == nil {
		return Passed
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Verdict
	}
	return Errored
}

// Interrupted reports whether err came from ctx being cancelled rather than from its deadline.
func Interrupted(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}
