package foreach

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// run works on the items in the order of the list, several at once when the author allows it.
func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	value, err := c.In.Eval(run.Scope)
	if err != nil {
		return Outputs{}, fmt.Errorf("in: %w", err)
	}
	items, err := listOf(value)
	if err != nil {
		return Outputs{}, err
	}
	if len(items) == 0 {
		return Outputs{}, step.Inconclude("the list is empty, so nothing was done; if that may be, write an `if` that skips the step")
	}
	l := &loop{run: run, config: c, results: make([]*Result, len(items)), errors: make([]error, len(items))}
	l.all(ctx, items)
	return l.outputs(), l.outcome(ctx)
}

// listOf returns the items of a list, or the entries of a mapping in the order of their keys.
func listOf(value any) ([]any, error) {
	switch v := value.(type) {
	case []any:
		return v, nil
	case map[string]any:
		var out []any
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, map[string]any{"key": key, "value": v[key]})
		}
		return out, nil
	}
	return nil, fmt.Errorf("in: expected a list or a mapping, found %s", eval.Format(value))
}

// loop is one run of the step. Each position of its slices is written by the worker of that item alone.
type loop struct {
	run     *step.Run
	config  Config
	results []*Result // nil for an item that was not begun
	errors  []error
}

// all works on the items until all are done, ctx is, or one did not pass and that is the end.
func (l *loop) all(ctx context.Context, items []any) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(l.config.Parallel)
	for i, item := range items {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			l.run.Progress("item %d of %d: %s", i+1, len(items), eval.Format(item))
			if err := l.one(ctx, i, item); l.config.FailFast && bad(err) {
				return err
			}
			return nil
		})
	}
	_ = group.Wait() // each error is kept with its item
}

func (l *loop) one(ctx context.Context, i int, item any) error {
	steps, err := l.run.Host.Execute(ctx, l.config.Steps, step.Execution{
		Name:   fmt.Sprintf("%s.%d", l.run.ID, i+1),
		Locals: eval.Scope{l.config.As: item, "index": i},
	})
	r := &Result{Item: item, Index: i, Verdict: string(step.VerdictOf(err)), Steps: steps}
	if err != nil {
		r.Message = err.Error()
	}
	l.results[i], l.errors[i] = r, err
	return err
}

func (l *loop) outputs() Outputs {
	out := Outputs{Count: len(l.results), Items: []Result{}}
	for _, r := range l.results {
		if r == nil {
			continue
		}
		out.Items = append(out.Items, *r)
		if r.Verdict == string(step.Passed) {
			out.Passed++
		}
	}
	return out
}

// outcome is nil when every item passed or was skipped by its own steps, and not all were.
func (l *loop) outcome(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil && slices.Contains(l.results, nil) {
		return err
	}
	var wrong []int
	skipped := 0
	for i, err := range l.errors {
		switch {
		case bad(err):
			wrong = append(wrong, i)
		case err != nil:
			skipped++
		}
	}
	switch {
	case len(wrong) > 0:
		return l.failure(wrong)
	case skipped == len(l.errors):
		return step.Skip("every item was skipped; the first: %s", l.results[0].Message)
	}
	return nil
}

// bad reports whether err is more than a skip.
func bad(err error) bool { return err != nil && step.VerdictOf(err) != step.Skipped }

// failure names the items that did not pass. Its verdict is the worst among them.
func (l *loop) failure(wrong []int) error {
	f := &step.Failure{Verdict: l.worst(wrong)}
	f.Message = fmt.Sprintf("%d of %d items did not pass", len(wrong), len(l.errors))
	for _, i := range wrong {
		f.With(fmt.Sprintf("item %d", i+1), strings.TrimSpace(eval.Format(l.results[i].Item)+"  "+l.results[i].Message))
	}
	if begun := len(slices.DeleteFunc(slices.Clone(l.results), func(r *Result) bool { return r == nil })); begun < len(l.results) {
		f.Message += fmt.Sprintf("; %d were not begun, because of failFast", len(l.results)-begun)
	}
	return f
}

func (l *loop) worst(wrong []int) step.Verdict {
	for _, v := range []step.Verdict{step.Failed, step.Errored, step.Inconclusive} {
		if slices.ContainsFunc(wrong, func(i int) bool { return step.VerdictOf(l.errors[i]) == v }) {
			return v
		}
	}
	return step.Errored
}
