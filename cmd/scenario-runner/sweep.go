package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// sweep removes what carries the label of a run on the default cluster: what runs of other machines left, and what a
// ledger that is lost knew of. Runs of this machine that are still going on are left alone.
func (f *cleanupFlags) sweep(ctx context.Context, s streams, env *kube.Env) (done, left int, err error) {
	found, err := env.Residue(ctx, "", f.id)
	if err != nil {
		return 0, 0, err
	}
	live, err := liveRuns()
	if err != nil {
		return 0, 0, err
	}
	var removed []kube.Residue
	for _, r := range found {
		switch {
		case slices.Contains(live, r.Run):
			continue
		case f.dryRun:
			fmt.Fprintf(s.out, "run %s: would delete %s\n", r.Run, r)
			done++
			continue
		}
		if err := env.Remove(ctx, "", r); err != nil {
			fmt.Fprintf(s.out, "run %s: could not delete %s: %v\n", r.Run, r, err)
			left++
			continue
		}
		removed = append(removed, r)
	}
	for _, r := range removed {
		wait, cancel := context.WithTimeout(ctx, f.timeout)
		err := env.AwaitRemoval(wait, "", r)
		cancel()
		if err != nil {
			fmt.Fprintf(s.out, "run %s: %s is not gone: %v\n", r.Run, r, err)
			left++
			continue
		}
		fmt.Fprintf(s.out, "run %s: delete %s\n", r.Run, r)
		done++
	}
	return done, left, nil
}

func liveRuns() ([]string, error) {
	st, err := store()
	if err != nil {
		return nil, err
	}
	runs, err := st.List()
	var live []string
	for _, r := range runs {
		if r.Live() {
			live = append(live, r.ID)
		}
	}
	return live, err
}
