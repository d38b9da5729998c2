package exec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

// verdict joins the results of all pods: an error first, then what is not as expected.
func (e *execution) verdict(ctx context.Context) error {
	var failed []*attempt
	for _, a := range e.attempts {
		switch {
		case (a.broke || errors.Is(a.err, remote.ErrNotBegun)) && !step.Interrupted(ctx):
			return a.err
		case ctx.Err() != nil && !a.ended:
			return e.interrupted(ctx)
		case a.err != nil && step.VerdictOf(a.err) != step.Failed:
			return a.err
		case !e.accepted(a.result.ExitCode) || a.err != nil:
			failed = append(failed, a)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	a := failed[0]
	if e.accepted(a.result.ExitCode) {
		return a.err
	}
	failure := step.Fail("the command ended with exit code %d in %s", a.result.ExitCode, e.name(a))
	if len(e.attempts) > 1 {
		failure.Message = fmt.Sprintf("the command failed in %d of %d pods: exit code %d in %s", len(failed), len(e.attempts), a.result.ExitCode, e.name(a))
	}
	for _, a := range failed {
		failure.Explain("standard error of "+a.result.Pod, lastLines(a.result.Stderr)...)
		failure.Explain("standard output of "+a.result.Pod, lastLines(a.result.Stdout)...)
	}
	return failure
}

func (e *execution) accepted(code int) bool {
	if len(e.config.ExitCodes) == 0 {
		return code == 0
	}
	return slices.Contains(e.config.ExitCodes, code)
}

// interrupted says where the command had not ended when the time was over.
func (e *execution) interrupted(ctx context.Context) error {
	if step.Interrupted(ctx) {
		return ctx.Err()
	}
	var failure *step.Failure
	for _, a := range e.attempts {
		if a.ended {
			continue
		}
		if failure == nil {
			failure = step.Fail("timed out%s: the command has not ended in %s", after(e.run), e.name(a))
		}
		failure.Explain("standard error of "+a.result.Pod, lastLines(a.result.Stderr)...)
		failure.Explain("standard output of "+a.result.Pod, lastLines(a.result.Stdout)...)
	}
	return failure
}

func after(run *step.Run) string {
	if run.Timeout > 0 {
		return " after " + run.Timeout.String()
	}
	return ""
}

// The most that a failure shows of an output.
const (
	mostLines = 10
	mostText  = 200
)

func lastLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-mostLines):]
	for i, line := range lines {
		lines[i] = shortened(line)
	}
	return lines
}

func shortened(text string) string {
	if len(text) > mostText {
		return strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return text
}
