package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func endedStep(id, within string, v step.Verdict, facts ...step.Fact) *journal.StepSummary {
	return &journal.StepSummary{ID: id, Info: journal.StepInfo{Within: within}, Result: &journal.Result{Verdict: v, Facts: facts}}
}

func TestCausesOfRepeatedSteps(t *testing.T) {
	share := step.Fact{Name: "share", Value: "0.5"}
	for name, one := range map[string]struct {
		steps []*journal.StepSummary
		want  []string
	}{
		"the container passed all the same": {
			[]*journal.StepSummary{endedStep("all", "", step.Passed), endedStep("all.1.check", "all", step.Failed), endedStep("other", "", step.Failed)},
			[]string{"other"},
		},
		"further out": {
			[]*journal.StepSummary{endedStep("all", "", step.Passed), endedStep("all.1.use", "all", step.Failed), endedStep("all.1.use.check", "all.1.use", step.Failed)},
			nil,
		},
		"a container that only hands on": {
			[]*journal.StepSummary{endedStep("use", "", step.Failed), endedStep("use.check", "use", step.Failed)},
			[]string{"use.check"},
		},
		"a container that sums up": {
			[]*journal.StepSummary{
				endedStep("all", "", step.Failed, share), endedStep("all.1.check", "all", step.Failed), endedStep("all.2.check", "all", step.Failed),
				endedStep("all.3.check", "all", step.Failed),
			},
			[]string{"all", "all.1.check", "all.2.check"},
		},
	} {
		var got []string
		for _, s := range causes(one.steps) {
			got = append(got, s.ID)
		}
		if diff := cmp.Diff(one.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
