package evaluate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/evaluate"
)

func TestContract(t *testing.T) { steptest.Contract(t, evaluate.New()) }

func kinds() *step.Registry { return storytest.Kinds(evaluate.New()) }

// ten is a data set on which the model of the tests is right in eight rows: it never chooses drain for i.
const ten = `vars:
  rows:
    - {name: a, action: scale}
    - {name: b, action: scale}
    - {name: c, action: scale}
    - {name: d, action: scale}
    - {name: e, action: scale}
    - {name: f, action: scale}
    - {name: g, action: drain}
    - {name: h, action: drain}
    - {name: i, action: drain}
    - {name: j, action: restart}
steps:
  - id: model
    evaluate:
      rows: ${{ vars.rows }}
      parallel: 4
      steps:
        - {id: decide, give: "${{ row.name == 'a' ? 'restart' : row.name == 'i' ? 'scale' : row.action }}"}
      actual: steps.decide.value
      expected: row.action
`

func TestScores(t *testing.T) {
	s := storytest.Run(t.Context(), t, kinds(), ten+`      accuracy: ">= 0.8"
  - check: steps.model.accuracy == 0.8 && steps.model.correct == 8 && steps.model.count == 10
  - check: steps.model.confusion.scale.restart == 1 && steps.model.confusion.drain.scale == 1
  - check: steps.model.classes.drain.recall > 0.66 && steps.model.classes.drain.precision == 1
  - check: steps.model.classes.restart.precision == 0.5 && steps.model.classes.restart.recall == 1
  - check: map(filter(steps.model.rows, not .correct), .row.name) == ["a", "i"]
`)
	if s.Verdict != step.Passed {
		t.Errorf("%s: %s", s.Verdict, s.Message)
	}
}

func TestThresholds(t *testing.T) {
	for threshold, want := range map[string]string{
		"accuracy: 0.9":                             "8 of 10 rows came out as expected: accuracy is 0.800, less than the >= 0.9 asked for",
		"precision: 0.9":                            "precision is 0.778, less than the >= 0.9 asked for",
		"recall: '> 0.9'":                           "recall is 0.833, less than the > 0.9 asked for",
		"classes: {drain: {recall: 0.7}}":           "recall of drain is 0.667, less than the >= 0.7 asked for",
		"classes: {restart: {precision: 0.7}}":      "precision of restart is 0.500, less than the >= 0.7 asked for",
		"classes: {backup: {recall: 0.1}}":          `no row has the class "backup"; choose one of drain, restart, scale`,
		"accuracy: 0.8\n      recall: 0.8":          "passed",
		"classes: {drain: {recall: 0.6}}":           "passed",
		"classes: {scale: {precision: '>= 0.8'}}\n": "passed",
	} {
		r := storytest.Run(t.Context(), t, kinds(), ten+"      "+threshold+"\n").Result(t, "model")
		if got := r.Message; r.Verdict == step.Passed && want != "passed" || r.Verdict != step.Passed && got != want {
			t.Errorf("%s\ngot  %s: %s\nwant %s", threshold, r.Verdict, got, want)
		}
	}
}

func TestExplainsWhatCameOutWrong(t *testing.T) {
	r := storytest.Run(t.Context(), t, kinds(), ten).Result(t, "model")
	want := []step.Fact{
		{Name: "scores", Value: "accuracy 0.800, precision 0.778, recall 0.833, F1 0.767 over 10 rows"},
		{Name: "row 1", Value: "expected scale, got restart"},
		{Name: "row 9", Value: "expected drain, got scale"},
	}
	if diff := cmp.Diff(want, r.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	matrix := []string{
		"expected     a     b     c",
		"drain        2     0     1",
		"restart      0     1     0",
		"scale        0     1     5",
		"chosen: a = drain, b = restart, c = scale",
	}
	if diff := cmp.Diff(matrix, r.Sections[0].Lines); diff != "" {
		t.Errorf("confusion matrix (-want +got):\n%s", diff)
	}
}

// broken is a data set of which the last row can't be judged.
func broken(inner, accuracy string) string {
	return `steps:
  - id: model
    evaluate:
      rows: [{n: 1}, {n: 2}, {n: 3}, {n: 9}]
      steps:
        - ` + inner + `
        - {id: decide, give: right}
      actual: steps.decide.value
      expected: '"right"'
      accuracy: ` + accuracy + "\n"
}

func TestRowsThatCannotBeJudged(t *testing.T) {
	const errs, fails = `check: "[1, 2, 3][row.n - 1] == row.n"`, "check: row.n < 9"
	for name, one := range map[string]struct {
		text    string
		verdict step.Verdict
		message string
	}{
		"no matter":     {broken(errs, "0.75"), step.Passed, ""},
		"decides":       {broken(errs, "0.8"), step.Errored, "1 of 4 rows could not be judged"},
		"no answer":     {broken(fails, "0.75"), step.Passed, ""},
		"a wrong one":   {broken(fails, "1"), step.Failed, "3 of 4 rows came out as expected: accuracy is 0.750, less than the >= 1 asked for"},
		"wrong anyway":  {strings.ReplaceAll(broken(errs, "0.5"), "give: right", "give: other"), step.Failed, "0 of 4 rows came out as expected: accuracy is 0.000, less than the >= 0.5 asked for"},
		"nothing to do": {"vars: {none: []}\nsteps:\n  - id: model\n    evaluate: {rows: \"${{ vars.none }}\", steps: [{check: 1 == 1}], actual: index, expected: index}\n", step.Inconclusive, "there is no row, so nothing was evaluated"},
	} {
		r := storytest.Run(t.Context(), t, kinds(), one.text).Result(t, "model")
		if r.Verdict != one.verdict || r.Message != one.message {
			t.Errorf("%s: got %s: %s\nwant %s: %s", name, r.Verdict, r.Message, one.verdict, one.message)
		}
	}
}

func TestDataFiles(t *testing.T) {
	t.Chdir("testdata")
	for file, expected := range map[string]string{
		"alerts.csv":   "row.severity < 3 ? 'scale' : 'drain'",
		"alerts.jsonl": "row.n == 1 ? 'scale' : 'drain'",
		"alerts.yaml":  "row.alert == 'A' ? 'scale' : 'drain'",
	} {
		s := storytest.Run(t.Context(), t, kinds(), `steps:
  - evaluate:
      data: `+file+`
      steps: [{id: decide, give: "${{ row.action }}"}]
      actual: steps.decide.value
      expected: "`+expected+`"
`)
		if s.Verdict != step.Passed {
			t.Errorf("%s: %s: %s", file, s.Verdict, s.Message)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Chdir("testdata")
	const rest = ", steps: [{id: d, give: 1}], actual: steps.d.value, expected: row.action"
	for fields, want := range map[string]string{
		"data: alert.csv" + rest:                                          `no file "alert.csv" in the scenario's folder; did you mean "alerts.csv"?`,
		"data: ../x.csv" + rest:                                           `"../x.csv" is outside the scenario's folder; paths in a scenario stay inside it`,
		"data: text.txt" + rest:                                           `"text.txt": a data set is a .yaml, .json, .jsonl or .csv file`,
		"data: ragged.csv" + rest:                                         "ragged.csv:3:1: wrong number of fields",
		"data: half.jsonl" + rest:                                         "half.jsonl:2: not JSON: unexpected EOF",
		"data: mapping.yaml" + rest:                                       "mapping.yaml:1:1: a data set is a list of rows",
		"data: empty.csv" + rest:                                          "empty.csv has no row, so nothing would be evaluated",
		"data: broken.yaml" + rest:                                        "broken.yaml:1:",
		"data: alerts.csv, classes: {cord: {recall: 0.9}}" + rest:         `no row has the class "cord"`,
		"rows: [{action: drain}], classes: {drian: {recall: 0.9}}" + rest: `no row has the class "drian"; did you mean "drain"?`,
		"rows: []" + rest:                                                 "there is no row, so nothing would be evaluated",
		"steps: [{give: 1}], actual: index, expected: index":              "needs one of data, rows",
		"data: alerts.csv, rows: [1]" + rest:                              "only one of data, rows can be given",
		"data: alerts.csv, steps: [{id: d, give: 1}], actual: steps.d.value, expected: row.acton":        `unknown field "acton" of row; did you mean "action"?`,
		"data: alerts.csv, steps: [{id: d, give: 1}], actual: steps.b.value, expected: row.action":       `no step has the id "b"; there is d`,
		"data: alerts.csv, steps: [{id: d, give: 1}], actual: steps.d.valeu, expected: row.action":       `unknown output "valeu" of step "d"; did you mean "value"?`,
		"data: alerts.csv, steps: [{give: \"${{ row.severty }}\"}], actual: index, expected: row.action": `unknown field "severty" of row; did you mean "severity"?`,
		"rows: [{a: 1}], parallel: 0, steps: [{give: 1}], actual: index, expected: row.a":                "at least 1 row is worked on at once, found 0",
	} {
		_, diags := storytest.Load(t, kinds(), "steps:\n  - evaluate: {"+fields+"}\n")
		if !strings.Contains(diags, want) {
			t.Errorf("%s\ngot:\n%s\nwant: %s", fields, diags, want)
		}
	}
}
