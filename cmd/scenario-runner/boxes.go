package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// boxes are the sandboxes of a run: one for the default cluster and one for each cluster that its scenarios name, as far as
// they are used. Each is a child of this process, as a box alone is.
type boxes []*box

// boxed returns the clusters that need a sandbox, sorted: those that the scenarios work on and no flag gives. "" is the
// default cluster.
func boxed(scenarios []*scenario.Scenario, given []string) []string {
	var names []string
	for _, s := range scenarios {
		if len(s.Clusters) == 0 {
			names = append(names, "")
		}
		for _, name := range s.Clusters {
			switch {
			case slices.Contains(given, name):
			case name == config.Default:
				names = append(names, "")
			default:
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// openBoxes brings the sandboxes up, all at once. When one does not come up, the others are taken down again.
func openBoxes(ctx context.Context, o boxOptions, clusters []string) (boxes, error) {
	opened, failed := make(boxes, len(clusters)), make([]error, len(clusters))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var starts sync.WaitGroup
	for i, cluster := range clusters {
		starts.Go(func() {
			opened[i], failed[i] = openBox(ctx, o.of(cluster))
			if failed[i] != nil {
				cancel() // nobody waits for the others
				return
			}
			opened[i].cluster = cluster
		})
	}
	starts.Wait()
	if err := firstCause(failed); err != nil {
		opened.close()
		return nil, err
	}
	return opened, nil
}

// firstCause leaves out those that only ended because another one had failed.
func firstCause(failed []error) error {
	var cause error
	for _, err := range failed {
		if err != nil && (cause == nil || errors.Is(cause, context.Canceled)) {
			cause = err
		}
	}
	return cause
}

// of returns the options for the sandbox of a cluster. Where sandboxes have a name, each cluster has its own.
func (o boxOptions) of(cluster string) boxOptions {
	if o.name != "" && cluster != "" {
		o.name += "-" + strings.ToLower(cluster)
	}
	return o
}

// use makes the sandboxes the clusters of a run.
func (b boxes) use(env *kube.Env) {
	for _, one := range b {
		env.Use(one.cluster, kube.Connection{Kubeconfig: one.Kubeconfig, Context: one.Context})
	}
}

// private reports whether nobody else can know the sandbox of a cluster.
func (b boxes) private(cluster string) bool {
	return slices.ContainsFunc(b, func(one *box) bool { return one.cluster == cluster && !one.reused })
}

// close takes all of them down at once and waits until they are gone.
func (b boxes) close() {
	var ends sync.WaitGroup
	for _, one := range b {
		ends.Go(one.close)
	}
	ends.Wait()
}

// err reports sandboxes that ended by themselves.
func (b boxes) err() error {
	var ended []error
	for _, one := range b {
		err := one.err()
		if err != nil && one.cluster != "" {
			err = fmt.Errorf("cluster %q: %w", one.cluster, err)
		}
		ended = append(ended, err)
	}
	return errors.Join(ended...)
}
