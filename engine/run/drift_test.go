package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// found is what a comparison at the end finds; it notes when it was asked.
func found(b *bench, err error, list ...journal.Drift) func(context.Context) ([]journal.Drift, error) {
	return func(context.Context) ([]journal.Drift, error) {
		if cleaned := len(b.journal.lines(journal.ScenarioCleaned)); cleaned != 1 {
			b.t.Errorf("asked when %d scenarios were cleaned", cleaned)
		}
		return list, err
	}
}

func TestDriftOfOursIsLeftBehind(t *testing.T) {
	for name, tt := range map[string]struct {
		drift journal.Drift
		code  int
	}{
		"ours":   {journal.Drift{What: "clusterrole a", How: "was created", Ours: true}, ExitLeft},
		"kept":   {journal.Drift{What: "clusterrole a", How: "was created", Ours: true, Kept: true}, 0},
		"others": {journal.Drift{What: "node a", How: "changed: it was cordoned", By: "kubectl"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.options.Drift = found(b, nil, tt.drift)
				outcome := b.run(t.Context(), story("a", list(newStep("a1", changes("slow", "x", takes(time.Second))))))
				if d := cmp.Diff([]journal.Drift{tt.drift}, outcome.Drift); d != "" || outcome.ExitCode != tt.code || outcome.Verdict != step.Passed {
					t.Errorf("exit code %d, verdict %s, want %d and passed\n%s", outcome.ExitCode, outcome.Verdict, tt.code, d)
				}
			})
		})
	}
}

func TestAComparisonThatFailsIsTold(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Drift = found(b, errors.New("the cluster is gone"))
		if outcome := b.run(t.Context(), story("a", list(newStep("a1", passes)))); outcome.ExitCode != 0 {
			t.Errorf("exit code %d", outcome.ExitCode)
		}
		expect(t, "log", b.journal.lines(journal.Logged), "0s log | it is not known whether all is as before: the cluster is gone")
	})
}

func TestNothingIsComparedWhenAllIsKept(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Cleanup = CleanupKeep
		b.options.Drift = func(context.Context) ([]journal.Drift, error) {
			b.t.Error("asked")
			return nil, nil
		}
		b.run(t.Context(), story("a", list(newStep("a1", changes("quick", "x", passes)))))
	})
}
