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

// TestStepsWorkOnTheClustersOfTheirScenario: on the first when they name none, on none that the scenario does not have, and
// the events say where.
func TestStepsWorkOnTheClustersOfTheirScenario(t *testing.T) {
	at := func(text string) set {
		return func(s *scenario.Step) {
			s.Cluster, _ = eval.NewEnv().With("vars", eval.AnyType).CompileText(text)
		}
	}
	inTime(t, func(t *testing.T, b *bench) {
		worked := map[string]string{}
		notes := fake(func(_ context.Context, r *step.Run) (map[string]any, error) {
			worked[r.ID] = r.Cluster
			return nil, nil
		})
		s := story("x", list(newStep("near", notes), newStep("far", notes, at("secondary")), newStep("lost", notes, at("${{ 'prim' + 'ery' }}"))))
		s.Clusters = []string{"primary", "secondary"}
		s.Finally = list(newStep("end", notes))
		b.run(t.Context(), s)
		if d := cmp.Diff(map[string]string{"near": "primary", "far": "secondary", "end": "primary"}, worked); d != "" {
			t.Error(d)
		}
		var said []string
		for _, e := range b.journal.events {
			if e.Kind == journal.StepFinished {
				said = append(said, e.StepInfo.Title+"|"+e.StepInfo.Cluster+"|"+e.Result.Message)
			}
		}
		want := []string{
			"near|primary|", "far on cluster secondary|secondary|",
			`lost on cluster primery|primery|the scenario has no cluster "primery" among its clusters; did you mean "primary"?`, "end|primary|",
		}
		if d := cmp.Diff(want, said); d != "" {
			t.Error(d)
		}
	})
}
