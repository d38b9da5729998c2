package run

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// TestTitlesHoldTheValuesOfTheRun: a step is shown with the values that it starts with; where one is missing, and for a
// step that never starts, as it was written.
func TestTitlesHoldTheValuesOfTheRun(t *testing.T) {
	titled := func(title string, in func(eval.Scope) (string, bool)) set {
		return func(s *scenario.Step) { s.Title, s.TitleIn = title, in }
	}
	size := func(scope eval.Scope) (string, bool) {
		steps, _ := scope["steps"].(map[string]any)
		made, ok := steps["made"].(map[string]any)
		if !ok {
			return "", false
		}
		return "to " + eval.Format(made["size"]), true
	}
	inTime(t, func(t *testing.T, b *bench) {
		makes := fake(func(context.Context, *step.Run) (map[string]any, error) { return map[string]any{"size": 3}, nil })
		early := newStep("early", passes, titled("to ${{ steps.made.size }}", size))
		made := newStep("made", makes)
		late := newStep("late", fails, titled("to ${{ steps.made.size }}", size), needs(made))
		never := newStep("never", passes, titled("to ${{ steps.late.size }}", size), needs(late))
		b.run(t.Context(), story("x", list(early, made, late, never)))
		got := map[string][]string{}
		for _, e := range b.journal.events {
			if e.StepInfo != nil {
				got[string(e.Kind)] = append(got[string(e.Kind)], e.StepInfo.Title)
			}
		}
		want := map[string][]string{
			string(journal.StepStarted):  {"to ${{ steps.made.size }}", "made", "to 3"},
			string(journal.StepFinished): {"to ${{ steps.made.size }}", "made", "to 3", "to ${{ steps.late.size }}"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}
