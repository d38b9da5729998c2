// Package evaluate is the container step that measures how often a system is right: it runs its steps for each row of a
// labelled data set and compares what came out with what was expected. The scheduler runs the steps.
package evaluate

import (
	_ "embed"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

//go:embed README.md
var doc string

// Config is what the author writes under `evaluate`.
type Config struct {
	Data      string                  `yaml:"data" doc:"File with the rows, inside the scenario's folder: .yaml, .json, .jsonl or .csv." example:"alerts.csv" refers:"file"`
	Rows      []any                   `yaml:"rows" doc:"The rows, written out."`
	Parallel  int                     `yaml:"parallel" doc:"How many rows are worked on at once."`
	Steps     step.Block              `yaml:"steps" required:"true" scope:"row,index" doc:"The steps to run for each row. Expressions in them see the row and its index, which starts at 0."`
	Actual    eval.Expr[any]          `yaml:"actual" required:"true" scope:"+steps,row,index" doc:"What came out: the class that the system chose, from the outputs of the steps inside." example:"steps.decide.body.action"`
	Expected  eval.Expr[any]          `yaml:"expected" required:"true" scope:"row,index" doc:"What should have come out." example:"row.action"`
	Accuracy  rounds.Share            `yaml:"accuracy" doc:"Share of the rows that must come out as expected. Without it and without other thresholds, every row." example:"'>= 0.9'"`
	Precision rounds.Share            `yaml:"precision" doc:"Least mean precision over the classes: of the rows for which a class was chosen, the share that have it." example:"'>= 0.85'"`
	Recall    rounds.Share            `yaml:"recall" doc:"Least mean recall over the classes: of the rows that have a class, the share for which it was chosen." example:"'>= 0.85'"`
	Classes   map[string]ClassMinimum `yaml:"classes" doc:"Thresholds of single classes." example:"{drain_node: {recall: '>= 0.95'}}"`
}

// ClassMinimum is what one class must reach.
type ClassMinimum struct {
	Precision rounds.Share `yaml:"precision" doc:"Of the rows for which this class was chosen, the share that must have it." example:"'>= 0.9'"`
	Recall    rounds.Share `yaml:"recall" doc:"Of the rows that have this class, the share for which it must have been chosen." example:"'>= 0.9'"`
}

// Outputs tell how good the system was.
type Outputs struct {
	Count     int                       `expr:"count" doc:"Number of rows."`
	Correct   int                       `expr:"correct" doc:"Rows that came out as expected."`
	Errored   int                       `expr:"errored" doc:"Rows that could not be judged."`
	Accuracy  float64                   `expr:"accuracy" doc:"Share of the rows that came out as expected, from 0 to 1."`
	Precision float64                   `expr:"precision" doc:"Mean precision over the classes, from 0 to 1."`
	Recall    float64                   `expr:"recall" doc:"Mean recall over the classes, from 0 to 1."`
	F1        float64                   `expr:"f1" doc:"Mean F1 score over the classes, from 0 to 1."`
	Classes   map[string]Class          `expr:"classes" doc:"Scores of each class, by its name."`
	Confusion map[string]map[string]int `expr:"confusion" doc:"How many rows of an expected class came out as which class: confusion[expected][actual]."`
	Rows      []Row                     `expr:"rows" doc:"What came of each row."`
}

// Class is the scores of one class.
type Class struct {
	Rows      int     `expr:"rows" doc:"Rows that have the class."`
	Chosen    int     `expr:"chosen" doc:"Rows for which it was chosen."`
	Correct   int     `expr:"correct" doc:"Rows that have it and for which it was chosen."`
	Precision float64 `expr:"precision" doc:"Share of the chosen ones that have it; 1 when it was never chosen."`
	Recall    float64 `expr:"recall" doc:"Share of those that have it for which it was chosen; 1 when no row has it."`
	F1        float64 `expr:"f1" doc:"Harmonic mean of precision and recall."`
}

// Row is what came of one row.
type Row struct {
	Index    int            `expr:"index" doc:"Its place in the data; the first is 0."`
	Row      any            `expr:"row" doc:"The row."`
	Expected string         `expr:"expected" doc:"Class that it has."`
	Actual   string         `expr:"actual" doc:"Class that was chosen."`
	Correct  bool           `expr:"correct" doc:"Whether these are the same."`
	Verdict  string         `expr:"verdict" doc:"How its steps ended: passed, failed, errored, inconclusive or skipped."`
	Message  string         `expr:"message" doc:"Why they did not pass, or why it could not be judged."`
	Steps    map[string]any `expr:"steps" doc:"Outputs of its steps, by their ids."`
}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "evaluate",
		Group:   step.Judging,
		Doc:     doc,
		Judges:  true,
		Timeout: -1, // the steps inside have their own
		Default: func() Config { return Config{Parallel: 1} },
		Check:   check,
		Title:   title,
		Names:   names,
		Refine:  refine,
		Run:     run,
	})
}

func title(c *Config) string {
	if c.Data == "" {
		return "evaluate " + eval.Format(len(c.Rows)) + " rows"
	}
	return "evaluate " + c.Data
}

func check(c *Config, p *step.Problems) {
	p.OneOf("", "data", "rows")
	if c.Parallel < 1 && !p.Dynamic("parallel") {
		p.At("parallel", "at least 1 row is worked on at once, found %d", c.Parallel)
	}
	if in := p.Place(); in != nil && c.Data != "" {
		if set := dataOf(in, c.Data); set.problem != nil {
			p.Mistake("data", set.problem.check, "%s", set.problem.text)
		}
	}
	if p.Place() != nil && p.Given("rows") && len(c.Rows) == 0 && !p.Dynamic("rows") {
		p.At("rows", "there is no row, so nothing would be evaluated")
	}
	if len(c.Classes) > 0 {
		checkClasses(c, p)
	}
}

// names tells the types of what the expressions of the step see beside the usual.
func names(c *Config, in *step.Place, name string) eval.Type {
	switch name {
	case "index":
		return eval.Type{Kind: eval.Int}
	case "steps":
		return c.Steps.Outputs
	}
	if c.Data != "" {
		return dataOf(in, c.Data).row
	}
	return rowType(c.Rows)
}

func refine(c *Config, in *step.Place, t eval.Type) eval.Type {
	rows, _ := t.Field("rows")
	row := rows.Type.Elem.
		With("row", "The row.", names(c, in, "row")).
		With("steps", "Outputs of its steps, by their ids.", c.Steps.Outputs)
	return t.With("rows", rows.Doc, eval.ListOf(row))
}
