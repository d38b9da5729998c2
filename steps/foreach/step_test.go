package foreach_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/foreach"
)

func TestContract(t *testing.T) { steptest.Contract(t, foreach.New()) }

func kinds() *step.Registry { return storytest.Kinds(foreach.New()) }

func TestRunsItsStepsForEachItem(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    forEach:
      in: [web, api]
      as: service
      steps:
        - id: name
          give: ${{ service }}-${{ index }}
        - check: steps.name.value == service + "-" + string(index)
  - check: steps.all.count == 2 && steps.all.passed == 2
  - check: map(steps.all.items, .steps.name.value) == ["web-0", "api-1"]
`)
	if s.Verdict != step.Passed {
		t.Errorf("%s: %s", s.Verdict, s.Message)
	}
	want := []string{"all", "all.1.name", "all.1.step3", "all.2.name", "all.2.step3", "step4", "step5"}
	if diff := cmp.Diff(want, s.Order); diff != "" {
		t.Errorf("the steps that ran (-want +got):\n%s", diff)
	}
}

func TestEntriesOfAMappingComeInTheOrderOfTheirKeys(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `vars: {limits: {web: 2, api: 1}}
steps:
  - id: all
    forEach:
      in: ${{ vars.limits }}
      steps:
        - id: text
          give: ${{ item.key }}=${{ item.value }}
  - check: map(steps.all.items, .steps.text.value) == ["api=1", "web=2"]
`)
	if s.Verdict != step.Passed {
		t.Errorf("%s: %s", s.Verdict, s.Message)
	}
}

func TestARangeIsAList(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    forEach:
      in: ${{ 1..3 }}
      steps:
        - check: item == index + 1
  - check: steps.all.passed == 3
`)
	if s.Verdict != step.Passed {
		t.Errorf("%s: %s", s.Verdict, s.Message)
	}
}

func TestTellsEveryItemThatDidNotPass(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    forEach:
      in: [1, 2, 3, 4]
      steps:
        - check: item % 2 == 1
`)
	r := s.Result(t, "all")
	if r.Verdict != step.Failed || r.Message != "2 of 4 items did not pass" {
		t.Errorf("%s: %s", r.Verdict, r.Message)
	}
	want := []step.Fact{
		{Name: "item 2", Value: "2  step all.2.step2 failed: item % 2 == 1 is false"},
		{Name: "item 4", Value: "4  step all.4.step2 failed: item % 2 == 1 is false"},
	}
	if diff := cmp.Diff(want, r.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestFailFastBeginsNoFurtherItem(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    forEach:
      in: [1, 2, 3, 4]
      failFast: true
      steps:
        - check: item % 2 == 1
`)
	want := "1 of 4 items did not pass; 2 were not begun, because of failFast"
	if r := s.Result(t, "all"); r.Verdict != step.Failed || r.Message != want {
		t.Errorf("got %s: %s\nwant %s", r.Verdict, r.Message, want)
	}
	if slices.Contains(s.Order, "all.3.step2") {
		t.Errorf("item 3 was begun: %v", s.Order)
	}
}

func TestWorksOnSeveralItemsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    forEach:
      in: [1, 2, 3, 4]
      parallel: 2
      steps:
        - id: own
          give: ${{ item }}
        - pause: 10s
        - check: steps.own.value == item
`)
		if s.Verdict != step.Passed || s.Took.Seconds() != 20 {
			t.Errorf("%s after %s: %s; want passed after 20s", s.Verdict, s.Took, s.Message)
		}
	})
}

func TestAnEmptyListProvesNothing(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `vars: {none: []}
steps:
  - id: all
    forEach: {in: "${{ vars.none }}", steps: [{check: item == 1}]}
`)
	want := "all: the list is empty, so nothing was done; if that may be, write an `if` that skips the step"
	if s.Verdict != step.Inconclusive || s.Message != want {
		t.Errorf("got %s: %s\nwant %s", s.Verdict, s.Message, want)
	}
}

func TestMistakes(t *testing.T) {
	for name, one := range map[string]struct{ body, want string }{
		"name": {
			"{in: [1], as: a-b, steps: [{check: 1 == 1}]}",
			`"a-b" can't be named in an expression; a name starts with a lower-case letter and has letters, digits and underscores`,
		},
		"taken":    {"{in: [1], as: vars, steps: [{check: 1 == 1}]}", `"vars" is a name that expressions have already; choose another one`},
		"parallel": {"{in: [1], parallel: 0, steps: [{check: item == 1}]}", "at least 1 item is worked on at once, found 0"},
		"list":     {"{in: 3, steps: [{check: 1 == 1}]}", "in: expected a list or a mapping, found a whole number"},
		"type":     {"{in: [{name: web}], as: s, steps: [{check: s.nmae == 'web'}]}", `unknown field "nmae" of s; did you mean "name"?`},
		"output":   {"{in: [1], steps: [{id: a, give: 1}, {check: steps.b.value == 1}]}", `no step has the id "b"; there is a`},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := storytest.Load(t, kinds(), "steps:\n  - forEach: "+one.body+"\n")
			if !strings.Contains(diags, one.want) {
				t.Errorf("got:\n%s\nwant: %s", diags, one.want)
			}
		})
	}
}
