package step

import (
	"context"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Scenario is what a running step knows of the scenario around it.
type Scenario struct {
	RunID     string            // id of the whole run, short and DNS-safe
	ID        string            // unique on every cluster, DNS-safe, at most 50 characters; also the name of its namespace
	Name      string            // metadata.name
	Dir       string            // folder of the scenario file
	Namespace string            // namespace that steps use unless they name another
	Owned     bool              // Namespace is made for this scenario and removed with it
	Labels    map[string]string // metadata.labels
	Safety    Safety            // what the scenario demands of itself
}

// Run is what the engine offers a step while it runs. A step never keeps it after returning, except in services
// started by Service.
type Run struct {
	ID        string // id of the step, given or made up ("step3")
	Kind      string
	At        diag.Range // where the step stands in the file
	Dir       string     // folder of that file, relative paths in the config start here; "" is the scenario's, see Folder
	Scenario  Scenario
	Cluster   string     // common field `cluster`; "" is the default cluster
	Namespace string     // common field `namespace`; "" is the scenario's
	Scope     eval.Scope // names for expressions that the step evaluates itself
	Timeout   time.Duration
	Host      Host
}

// Host is the engine's side of Run. The scheduler implements it; tests of steps use steptest.
type Host interface {
	// Progress reports the last thing seen; live displays show it and a timeout repeats it.
	Progress(text string)
	// Record writes an undo to the ledger and returns once it is durable. Call it before the change.
	Record(ctx context.Context, undo string, data any) (Entry, error)
	// Service runs f beside the following steps until the scenario ends; then its context is cancelled and f is
	// waited for. An error of f that is not the cancellation makes the scenario errored.
	Service(name string, f func(ctx context.Context) error)
	// Attach keeps a piece of evidence with the step.
	Attach(name string, data []byte)
	// Execute runs nested steps and returns their outputs, what steps.<id> has, by their ids. An error is the outcome of
	// the first step that did not pass; the outputs of those that finished are there all the same.
	Execute(ctx context.Context, block Block, how Execution) (steps map[string]any, err error)
	// Mask hides a secret in everything that is written from now on.
	Mask(secret string)
	// Claim waits until no other scenario of the run holds any of the names, such as "node/worker-1", and keeps others from
	// them until this scenario is cleaned up. A * in a name stands for any text. It fails when waiting would never end.
	Claim(ctx context.Context, names ...string) error
	// Alone is closed when the steps beside which this one runs have ended and only background steps are left. A companion
	// (see Spec.Companion) ends then.
	Alone() <-chan struct{}
}

// Entry is a ledger entry that was written.
type Entry interface {
	// Undo takes the change back now instead of at the end of the scenario (a fault whose duration is over), and waits for it.
	Undo(ctx context.Context) error
	// Forget strikes the entry out: the change was never made, or is to stay.
	Forget(ctx context.Context) error
}

// Execution says how Execute runs a block.
type Execution struct {
	Parallel bool // steps without a dependency among them start together
	// Name goes before the ids of the steps in the journal and in reports: "incident" makes "incident.find". A container
	// that executes its steps more than once, or steps that stand elsewhere, gives one, so that ids stay unique: its own
	// id, with the number of the iteration. Expressions use the ids as they are written.
	Name string
	// Isolated steps see the Locals, env and scenario, and nothing else; no other step sees their outputs.
	Isolated bool
	Locals   eval.Scope // names for expressions in the steps
}

// Block is a list of nested steps of a config, compiled by the engine. Config fields of this type make a step a container.
type Block struct {
	Steps any // *scenario.Block; opaque to steps
	// Outputs is what is known of the outputs of the steps, by the ids that their author gave.
	Outputs eval.Type
}

// Folder returns the folder where relative paths in the step's config start: that of the file in which the step stands,
// which may be a template in another folder than the scenario's.
func (r *Run) Folder() string {
	if r.Dir != "" {
		return r.Dir
	}
	return r.Scenario.Dir
}

// Progress reports the last thing seen.
func (r *Run) Progress(format string, args ...any) { r.Host.Progress(fmt.Sprintf(format, args...)) }

// Record writes an undo to the ledger; see Host.Record.
func (r *Run) Record(ctx context.Context, undo string, data any) (Entry, error) {
	return r.Host.Record(ctx, undo, data)
}
