package foreach

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
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
	plan := rounds.Plan{
		Block: c.Steps, Times: len(items), Parallel: c.Parallel,
		Locals:   func(i int) eval.Scope { return eval.Scope{c.As: items[i], "index": i} },
		Describe: func(i int) string { return fmt.Sprintf("item %d of %d: %s", i+1, len(items), eval.Format(items[i])) },
	}
	if c.FailFast {
		plan.Enough = func(ended []rounds.Round) bool { return slices.ContainsFunc(ended, rounds.Round.Bad) }
	}
	ended, err := rounds.Execute(ctx, run, plan)
	if err == nil {
		err = outcome(ended, items)
	}
	return outputs(ended, items), err
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
	if list := reflect.ValueOf(value); list.Kind() == reflect.Slice { // a range, as in 1..3, has elements of one type
		out := make([]any, list.Len())
		for i := range out {
			out[i] = list.Index(i).Interface()
		}
		return out, nil
	}
	return nil, fmt.Errorf("in: expected a list or a mapping, found %s", eval.Format(value))
}

func outputs(ended []rounds.Round, items []any) Outputs {
	out := Outputs{Count: len(items), Items: []Result{}}
	for _, r := range ended {
		out.Items = append(out.Items, Result{
			Item: items[r.Index], Index: r.Index, Verdict: string(r.Verdict()), Message: r.Message(), Steps: r.Steps,
		})
		if r.Err == nil {
			out.Passed++
		}
	}
	return out
}

// outcome is nil when every item passed or was skipped by its own steps, and not all were.
func outcome(ended []rounds.Round, items []any) error {
	bad := slices.DeleteFunc(slices.Clone(ended), func(r rounds.Round) bool { return !r.Bad() })
	switch {
	case len(bad) > 0:
		return failure(bad, len(ended), items)
	case !slices.ContainsFunc(ended, func(r rounds.Round) bool { return r.Err == nil }):
		return step.Skip("every item was skipped; the first: %s", ended[0].Message())
	}
	return nil
}

// failure names the items that did not pass. Its verdict is the worst among them.
func failure(bad []rounds.Round, begun int, items []any) error {
	f := &step.Failure{Verdict: rounds.Worst(bad), Message: fmt.Sprintf("%d of %d items did not pass", len(bad), len(items))}
	for _, r := range bad {
		f.With(fmt.Sprintf("item %d", r.Index+1), eval.Format(items[r.Index])+"  "+r.Message())
	}
	if begun < len(items) {
		f.Message += fmt.Sprintf("; %d were not begun, because of failFast", len(items)-begun)
	}
	return f
}
