package evaluate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

// maxShown is how many rows that came out wrong are shown one by one.
const maxShown = 10

// noAnswer is the class of a row whose steps failed: the system gave no answer that counts.
const noAnswer = "(none)"

func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	rows := c.Rows
	if c.Data != "" {
		set := read(run.Folder(), c.Data)
		if set.problem != nil {
			return Outputs{}, set.problem
		}
		rows = set.rows
	}
	if len(rows) == 0 {
		return Outputs{}, step.Inconclude("there is no row, so nothing was evaluated")
	}
	ended, err := rounds.Execute(ctx, run, rounds.Plan{
		Block: c.Steps, Times: len(rows), Parallel: c.Parallel,
		Locals:   func(i int) eval.Scope { return eval.Scope{"row": rows[i], "index": i} },
		Describe: func(i int) string { return fmt.Sprintf("row %d of %d", i+1, len(rows)) },
	})
	e := evaluation{config: c, scope: run.Scope}
	for _, r := range ended {
		e.add(r, rows[r.Index])
	}
	out := e.outputs(len(rows))
	if err != nil {
		return out, err
	}
	return out, e.verdict(out)
}

// evaluation collects what came of the rows.
type evaluation struct {
	config Config
	scope  eval.Scope
	score  score
	rows   []Row
	lost   int // rows that could not be judged
}

func (e *evaluation) add(r rounds.Round, row any) {
	out := Row{Index: r.Index, Row: row, Verdict: string(r.Verdict()), Message: r.Message(), Steps: r.Steps}
	scope := maps.Clone(e.scope)
	scope["row"], scope["index"] = row, r.Index
	expected, err := e.config.Expected.Eval(scope)
	actual := any(noAnswer)
	if err == nil && r.Err == nil {
		steps, _ := e.scope["steps"].(map[string]any)
		all := maps.Clone(steps)
		if all == nil {
			all = map[string]any{}
		}
		maps.Copy(all, r.Steps)
		scope["steps"] = all
		actual, err = e.config.Actual.Eval(scope)
	}
	if err == nil && r.Err != nil && r.Verdict() != step.Failed {
		err = r.Err
	}
	if err != nil {
		e.lost++
		out.Message = err.Error()
		e.rows = append(e.rows, out)
		return
	}
	out.Expected, out.Actual = class(expected), class(actual)
	out.Correct = out.Expected == out.Actual
	e.score.add(out.Expected, out.Actual)
	e.rows = append(e.rows, out)
}

// class names a value: classes are compared as texts.
func class(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return eval.Format(v)
}

func (e *evaluation) outputs(count int) Outputs {
	out := Outputs{Count: count, Errored: e.lost, Rows: e.rows}
	e.score.into(&out)
	return out
}

// verdict compares the scores with the thresholds. When rows could not be judged, accuracy is taken with these rows as
// wrong and as right in turn; the other scores can't be told then.
func (e *evaluation) verdict(out Outputs) error {
	missed := e.missed(out)
	if len(missed) > 0 {
		f := step.Fail("%s", missed[0])
		for _, more := range missed[1:] {
			f.With("also", more)
		}
		return e.explain(f, out)
	}
	if e.lost == 0 {
		return nil
	}
	if t := e.accuracy(); e.noOther() && t.Met(ratio(out.Correct, out.Count)) {
		return nil // right enough even if all of the others were wrong
	}
	return e.explain(&step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("%d of %d rows could not be judged", e.lost, out.Count)}, out)
}

// missed lists the thresholds that were not reached.
func (e *evaluation) missed(out Outputs) []string {
	var missed []string
	note := func(t rounds.Share, value float64, what string) {
		if t != (rounds.Share{}) && !t.Met(value) {
			missed = append(missed, fmt.Sprintf("%s is %.3f, less than the %s asked for", what, value, t))
		}
	}
	best := ratio(out.Correct+e.lost, out.Count)
	if t := e.accuracy(); !t.Met(best) {
		missed = append(missed, fmt.Sprintf("%d of %d rows came out as expected: accuracy is %.3f, less than the %s asked for", out.Correct, out.Count, ratio(out.Correct, out.Count), t))
	}
	if e.lost > 0 {
		return missed
	}
	note(e.config.Precision, out.Precision, "precision")
	note(e.config.Recall, out.Recall, "recall")
	for _, name := range slices.Sorted(maps.Keys(e.config.Classes)) {
		minimum, scored := e.config.Classes[name], e.score.class(name)
		if scored.Rows == 0 && scored.Chosen == 0 {
			missed = append(missed, fmt.Sprintf("no row has the class %q, and it was never chosen", name))
			continue
		}
		if scored.Rows == 0 && minimum.Recall != (rounds.Share{}) {
			missed = append(missed, fmt.Sprintf("no row has the class %q, so nothing is known of its recall", name))
			continue
		}
		note(minimum.Precision, scored.Precision, "precision of "+name)
		note(minimum.Recall, scored.Recall, "recall of "+name)
	}
	return missed
}

// accuracy is the threshold that holds for all rows.
func (e *evaluation) accuracy() rounds.Share {
	if e.config.Accuracy == (rounds.Share{}) && e.noOther() {
		return rounds.Share{Least: 1}
	}
	return e.config.Accuracy
}

func (e *evaluation) noOther() bool {
	return e.config.Precision == (rounds.Share{}) && e.config.Recall == (rounds.Share{}) && len(e.config.Classes) == 0
}

// explain adds the scores, the confusion matrix and the rows that came out wrong.
func (e *evaluation) explain(f *step.Failure, out Outputs) error {
	f.With("scores", fmt.Sprintf("accuracy %.3f, precision %.3f, recall %.3f, F1 %.3f over %d rows", out.Accuracy, out.Precision, out.Recall, out.F1, e.score.count))
	shown := 0
	for _, row := range out.Rows {
		if row.Correct {
			continue
		}
		if shown++; shown > maxShown {
			continue
		}
		text := fmt.Sprintf("expected %s, got %s", row.Expected, row.Actual)
		if row.Message != "" {
			text = row.Message
		}
		f.With(fmt.Sprintf("row %d", row.Index+1), text)
	}
	if shown > maxShown {
		f.With("more", fmt.Sprintf("%d further rows came out wrong", shown-maxShown))
	}
	if e.score.count > 0 {
		f.Explain("confusion matrix", e.score.matrix()...)
	}
	return f
}
