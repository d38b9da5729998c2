package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// rehearse has the cluster that was named check what scenarios would apply and patch there, without doing it. What could
// not be checked is said on w.
func rehearse(ctx context.Context, w io.Writer, r *step.Registry, scenarios []*scenario.Scenario) (diag.List, error) {
	var found diag.List
	var said []string // the cases of a matrix are the same in most things
	for _, s := range scenarios {
		p := plan.Of(s, r)
		objections, unsure, err := p.Rehearse(ctx)
		if err != nil {
			return nil, interruptedOr(ctx, err)
		}
		for _, d := range objections {
			if !slices.Contains(said, d.Error()) {
				said, found = append(said, d.Error()), append(found, d)
			}
		}
		for _, text := range unsure {
			if text = fmt.Sprintf("not checked by the server: %s", text); !slices.Contains(said, text) {
				said = append(said, text)
				fmt.Fprintln(w, text)
			}
		}
	}
	return found, nil
}
