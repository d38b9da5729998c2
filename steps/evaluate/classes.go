package evaluate

import (
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// checkClasses reports thresholds for classes that no row has, as far as the rows are known before the run: nothing would
// be measured, and a threshold would hold by chance.
func checkClasses(c *Config, p *step.Problems) {
	known := expectedClasses(c, p)
	if known == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.Classes)) {
		if slices.Contains(known, name) {
			continue
		}
		p.AtKey("classes."+name, "invalid-value", "no row has the class %q%s", name, diag.DidYouMean(name, known))
	}
}

// expectedClasses returns the classes of the rows, sorted; nil when they can't be known yet.
func expectedClasses(c *Config, p *step.Problems) []string {
	rows := c.Rows
	if c.Data != "" && p.Place() != nil {
		rows = dataOf(p.Place(), c.Data).rows
	}
	if len(rows) == 0 || p.Dynamic("rows") || p.Dynamic("data") || !c.Expected.IsSet() {
		return nil
	}
	for _, root := range c.Expected.Program().Roots() {
		if root != "row" && root != "index" {
			return nil
		}
	}
	var known []string
	for i, row := range rows {
		value, err := c.Expected.Eval(eval.Scope{"row": row, "index": i})
		if err != nil {
			return nil // the run says so, row by row
		}
		known = append(known, class(value))
	}
	slices.Sort(known)
	return slices.Compact(known)
}
