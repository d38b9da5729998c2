// Package driver is what carries out chaos experiments, as the injectChaos step sees it. The step owns the order: targets
// are known before anything is hit, the undo is in the ledger before the fault, the fault must be seen before it counts,
// and its end must be seen too. A driver owns how.
//
// It holds no driver itself.
package driver

import (
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Driver carries out experiments.
type Driver interface {
	// Name is what authors call the driver.
	Name() string
	// Plan resolves the targets of a request and returns the fault, which was not injected yet. An experiment that the
	// driver can't do on this cluster is an error that says why. A fault without targets is not an error.
	Plan(ctx context.Context, request Request) (Fault, error)
}

// Request is one use of an experiment.
type Request struct {
	Experiment catalogue.Experiment
	Selection  Selection
	Parameters catalogue.Values
	Duration   time.Duration // 0 means until somebody removes the fault
	Interval   time.Duration // between two acts of a momentary fault; 0 means a single act
	Place      *kube.Target
	Run        *step.Run // for the ledger and for progress
}

// Fault is one planned fault. Its methods are called in the order of their declaration, each at most once; Hold, Remove
// and Gone only when the fault is to end within the step.
type Fault interface {
	// Targets are what will be hit, in a stable order.
	Targets() []Object
	// Candidates is how many objects there were to choose from.
	Candidates() int
	// Inject writes the undo and then makes the fault.
	Inject(ctx context.Context) error
	// Proof waits until the effect is seen, and reports on the way what it sees.
	Proof(ctx context.Context) error
	// Hold keeps the fault up for the duration of the request.
	Hold(ctx context.Context) error
	// Remove takes the fault back through its ledger entry.
	Remove(ctx context.Context) error
	// Gone waits until the effect is no longer seen.
	Gone(ctx context.Context) error
	// Result says what came of it.
	Result() Result
}

// Result is what a driver reports beside success.
type Result struct {
	Verdict string // of a driver that judges by itself, such as Pass or Fail; "" leaves the judgement to the step
	Hit     int    // how many objects were hit, repeated acts included

	// What only a driver knows that judges by itself.
	Proof                  string // what the proof rests on: "observed" by us, or "stated" by the driver's tool
	Phase                  string
	FailStep               string
	ProbeSuccessPercentage int
	Probes                 []Probe
	VerdictAfter           time.Duration // from the injection until the verdict was there
	Reference              string        // name of the object that stands for the experiment
}

// Probe is what came of one look at the system under test that a driver made.
type Probe struct {
	Name        string `expr:"name" doc:"Name of the probe."`
	Type        string `expr:"type" doc:"Type of the probe, such as httpProbe."`
	Mode        string `expr:"mode" doc:"When it looked, such as EOT."`
	Verdict     string `expr:"verdict" doc:"Passed, Failed, N/A or Awaited."`
	Description string `expr:"description" doc:"What was seen."`
}

// Object names a target.
type Object struct {
	Kind      string `expr:"kind" doc:"Kind of the object."`
	Name      string `expr:"name" doc:"Name of the object."`
	Namespace string `expr:"namespace" doc:"Namespace of the object, empty for kinds that have none."`
}

// String is kind/name.
func (o Object) String() string { return o.Kind + "/" + o.Name }

// Selection says which objects of the scope are hit.
type Selection struct {
	Reference kube.Ref
	Count     int // 0 means what the experiment says
	Percent   int // 0 means Count
}

// Number returns how many of the candidates are hit. A percentage is rounded up, so that it never is nobody.
func (s Selection) Number(experiment catalogue.Experiment, candidates int) int {
	number := candidates
	switch {
	case s.Percent > 0:
		number = (candidates*s.Percent + 99) / 100
	case s.Count > 0:
		number = s.Count
	case experiment.One:
		number = 1
	}
	return min(number, candidates)
}

// Unable is the error of a plan that another driver may be able to make: nothing is wrong with the request, but these
// targets are beyond this driver.
type Unable struct{ Reason string }

// Error says what is beyond the driver.
func (u *Unable) Error() string { return u.Reason }

// Unseen is the error of a wait that ended before its effect was seen.
type Unseen struct {
	Last  string // what was seen last
	Cause error
}

// Error says what was seen last.
func (u *Unseen) Error() string { return u.Last }

// Unwrap returns the end of the wait.
func (u *Unseen) Unwrap() error { return u.Cause }
