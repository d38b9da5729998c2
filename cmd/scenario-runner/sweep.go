package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/lease"
)

// sweep removes what carries the label of a run on the default cluster: what runs of other machines left, and what a
// ledger that is lost knew of. Runs of this machine that are still going on are left alone, and so are those of others that
// renew their locks, unless one is named.
func (f *cleanupFlags) sweep(ctx context.Context, s streams, env *kube.Env) (done, left int, err error) {
	found, err := env.Residue(ctx, "", f.id)
	if err != nil {
		return 0, 0, err
	}
	live, err := f.liveRuns(ctx, s, env)
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

// liveRuns returns the runs that are still going on, as far as that is known.
func (f *cleanupFlags) liveRuns(ctx context.Context, s streams, env *kube.Env) ([]string, error) {
	st, err := store()
	if err != nil {
		return nil, err
	}
	runs, err := st.List()
	if err != nil {
		return nil, err
	}
	var live, known []string
	for _, r := range runs {
		known = append(known, r.ID)
		if r.Live() {
			live = append(live, r.ID)
		}
	}
	if !f.all {
		return live, nil
	}
	cluster, err := env.Cluster(ctx, "")
	if err != nil {
		return nil, err
	}
	alive, err := lease.Alive(ctx, cluster)
	if err != nil {
		return live, nil //nolint:nilerr // who may not read Leases knows no more than before
	}
	for _, run := range slices.Sorted(maps.Keys(alive)) {
		if !slices.Contains(known, run) {
			fmt.Fprintf(s.err, "%s renews its locks and is left alone; to take it back all the same, name it: cleanup --run %s\n", alive[run], run)
			live = append(live, run)
		}
	}
	return live, nil
}
