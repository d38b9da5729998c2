package benchmark_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/benchmark"
)

func TestContract(t *testing.T) { steptest.Contract(t, benchmark.New()) }

func kinds() *step.Registry { return storytest.Kinds(benchmark.New()) }

// measured runs ten rounds that measure their number times a factor.
func measured(t *testing.T, factor, fields string) *storytest.Story {
	t.Helper()
	return storytest.Run(t.Context(), t, kinds(), `steps:
  - id: b
    benchmark:
      times: 10
      warmup: 1
      steps: [{id: value, give: "${{ round * `+factor+` }}"}]
      measure: steps.value.value
      `+fields+"\n")
}

func TestMeasuresTheTimeOfARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: b
    benchmark:
      times: 4
      steps: [{pause: 2s}]
      limits: {p50: 2s, max: 1500ms, mean: 1s}
`)
		r := s.Result(t, "b")
		if want := "max is 2s, more than the 1.5s allowed"; r.Verdict != step.Failed || r.Message != want {
			t.Errorf("got %s: %s\nwant %s", r.Verdict, r.Message, want)
		}
		if r.Facts[0].Value != "mean is 2s, more than the 1s allowed" || r.Facts[1].Value != "p50 2s, p95 2s, max 2s, 4 rounds" {
			t.Errorf("facts are %v", r.Facts)
		}
		if r.Outputs["p50"] != 2.0 || r.Outputs["count"] != 4 {
			t.Errorf("outputs are %v", r.Outputs)
		}
	})
}

func TestWarmupIsNotMeasured(t *testing.T) {
	s := measured(t, "1", "limits: {min: 2, max: 11}")
	if s.Verdict != step.Passed || s.Result(t, "b").Outputs["min"] != 2.0 {
		t.Errorf("%s: %s, %v", s.Verdict, s.Message, s.Result(t, "b").Outputs)
	}
}

func TestBaseline(t *testing.T) {
	t.Chdir(t.TempDir())
	const compare = "baseline: baselines/b.json"
	if s := measured(t, "1", compare); s.Verdict != step.Errored || s.Message != "b: there is no baseline baselines/b.json; run once with save: missing to measure it" {
		t.Errorf("without a file: %s: %s", s.Verdict, s.Message)
	}
	if s := measured(t, "1", compare+"\n      save: missing"); s.Verdict != step.Passed || s.Result(t, "b").Outputs["compared"] != false {
		t.Errorf("measuring it: %s: %s", s.Verdict, s.Message)
	}
	before, err := os.ReadFile(filepath.Join("baselines", "b.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		factor, fields string
		verdict        step.Verdict
		message        string
	}{
		{"1", "", step.Passed, ""},
		{"1.05", "", step.Passed, ""},
		{"5", "", step.Failed, "the median is 30, 400.0 % worse than that of the baseline; 10.0 % are allowed (p = 0.0002)"},
		{"1.3", "", step.Inconclusive, "the median is 7.8, 30.0 % worse than that of the baseline; 10.0 % are allowed, but the measurements spread so much that chance explains it (p = 0.24); more rounds would decide"},
		{"1.3", "worse: 40%", step.Passed, ""},
	} {
		r := measured(t, one.factor, compare+"\n      "+one.fields+"\n      save: missing").Result(t, "b")
		if r.Verdict != one.verdict || r.Message != one.message {
			t.Errorf("%s %s\ngot  %s: %s\nwant %s: %s", one.factor, one.fields, r.Verdict, r.Message, one.verdict, one.message)
		}
	}
	if after, err := os.ReadFile(filepath.Join("baselines", "b.json")); err != nil || string(after) != string(before) {
		t.Errorf("the baseline was changed: %v", err)
	}
	measured(t, "0.5", compare+"\n      save: always")
	if after, err := os.ReadFile(filepath.Join("baselines", "b.json")); err != nil || string(after) == string(before) {
		t.Errorf("the baseline was not renewed: %v", err)
	}
	if err := os.WriteFile(filepath.Join("baselines", "b.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := measured(t, "1", compare); s.Verdict != step.Errored || s.Message != "b: baseline baselines/b.json: it has no values" {
		t.Errorf("with an empty file: %s: %s", s.Verdict, s.Message)
	}
}

func TestARoundThatFailsEndsTheStep(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: b
    benchmark: {times: 5, steps: [{check: round < 3}], limits: {p50: 1h}}
`)
	if want := "b: step b.3.step2 failed: round < 3 is false"; s.Verdict != step.Failed || s.Message != want {
		t.Errorf("got %s: %s\nwant %s", s.Verdict, s.Message, want)
	}
}

func TestMistakes(t *testing.T) {
	for fields, want := range map[string]string{
		"times: 0, limits: {p50: 1s}":                    "at least one round is measured, found 0",
		"times: 9, warmup: -1, limits: {p50: 1s}":        "the number of rounds can't be less than 0, found -1",
		"times: 9, parallel: 0, limits: {p50: 1s}":       "at least 1 round runs at once, found 0",
		"times: 9, limits: {p59: 1s}":                    `"p59" is nothing that can be limited; did you mean "p50"?`,
		"times: 9, limits: {p50: fast}":                  `"fast": expected a number or a duration such as 200ms`,
		"times: 9, baseline: b.json, worse: a lot":       `"a lot": expected a part such as 10% or 0.1`,
		"times: 9, baseline: ../b.json":                  `"../b.json" is outside the scenario's folder; paths in a scenario stay inside it`,
		"times: 9, baseline: b.yaml":                     `"b.yaml": a baseline is a .json file`,
		"times: 9, save: always, limits: {p50: 1s}":      "save needs a baseline, the name of the file",
		"times: 3, baseline: b.json":                     "3 measurements are too few to tell a change from noise; it takes 5",
		"times: 9":                                       "this scenario can't fail: no step judges anything",
		"times: 9, measure: steps.x.y, limits: {p50: 1}": `no step has the id "x"`,
	} {
		_, diags := storytest.Load(t, kinds(), "steps:\n  - benchmark: {"+fields+", steps: [{id: a, give: 1}]}\n")
		if !strings.Contains(diags, want) {
			t.Errorf("%s\ngot:\n%s\nwant: %s", fields, diags, want)
		}
	}
}
