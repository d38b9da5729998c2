package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/drift"
)

// comparison is what the users of the clusters share, as it was before a run.
type comparison struct {
	clusters []*kube.Cluster
	before   []*drift.State
}

// compare reads the clusters that scenarios use, and says what can't be compared.
func compare(ctx context.Context, env *kube.Env, w io.Writer, scenarios []*scenario.Scenario) (*comparison, error) {
	c := &comparison{}
	for _, d := range demands(env, scenarios) {
		cluster, err := env.Cluster(ctx, d.cluster)
		if err != nil {
			return nil, err
		}
		state, err := drift.Take(ctx, cluster, "")
		if err != nil {
			return nil, err
		}
		if len(state.Unread) > 0 {
			fmt.Fprintf(w, "warning: not compared with the time after the run, because you may not list them on %s: %s\n", cluster.Connection, strings.Join(state.Unread, ", "))
		}
		c.clusters, c.before = append(c.clusters, cluster), append(c.before, state)
	}
	return c, nil
}

// since returns what reads the clusters again and tells what is different; nil when nothing is to be compared.
func (c *comparison) since(run string) func(context.Context) ([]journal.Drift, error) {
	if c == nil {
		return nil
	}
	return func(ctx context.Context) ([]journal.Drift, error) {
		var out []journal.Drift
		for i, cluster := range c.clusters {
			after, err := drift.Take(ctx, cluster, run)
			if err != nil {
				return out, err
			}
			for _, change := range after.Since(c.before[i]) {
				out = append(out, journal.Drift(change))
			}
		}
		return out, nil
	}
}
