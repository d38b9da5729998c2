// Package builtin carries out chaos experiments through the Kubernetes API alone, one file for each experiment. Lasting
// faults are edits of an object, each with the value before and after in the ledger; they are taken back field by field
// and only where our value still stands, so that a repair by somebody else is never undone.
//
// It can't reach into nodes, and into pods only by exec: what needs more is the part of other drivers. Pods of a sandbox are
// steered by annotations where real ones would have to be reached into.
package builtin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

// New returns the driver.
func New() driver.Driver {
	return builtin{reach{simulated: onSimulatedNode, shell: inContainer, enforcement: 30 * time.Second}}
}

type builtin struct{ reach }

// Name is what authors call the driver.
func (builtin) Name() string { return catalogue.Builtin }

// Plan resolves the targets of a request.
func (b builtin) Plan(ctx context.Context, request driver.Request) (driver.Fault, error) {
	plans := map[string]func(context.Context, driver.Request) (driver.Fault, error){
		"pod-delete":            planPodDelete,
		"scale-to-zero":         planScaleToZero,
		"node-not-ready":        planNodeNotReady,
		"image-pull-failure":    planImagePullFailure,
		"config-corruption":     planConfigCorruption,
		"secret-corruption":     planSecretCorruption,
		"service-disruption":    planServiceDisruption,
		"quota-exhaustion":      planQuotaExhaustion,
		"node-taint":            planNodeTaint,
		"node-drain":            planNodeDrain,
		"container-kill":        b.planContainerKill,
		"pod-cpu-hog":           b.planHog,
		"pod-memory-hog":        b.planHog,
		"pod-io-stress":         b.planHog,
		"disk-fill":             b.planHog,
		"dns-failure":           b.planIsolation,
		"pod-network-partition": b.planIsolation,
	}
	plan, ok := plans[request.Experiment.Name]
	if !ok {
		return nil, fmt.Errorf("the builtin driver can't do %s; it does %s", request.Experiment.Name, strings.Join(catalogue.By(catalogue.Builtin), ", "))
	}
	return plan(ctx, request)
}
