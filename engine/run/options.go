// Package run carries scenarios out: it starts steps as soon as what they wait for is there, keeps the ledger of undos,
// takes everything back at the end and says with which verdict it all ended. Everything that happens goes to the journal
// as an event.
//
// It does not read files, print, or know of clusters. One goroutine for each scenario owns the state of its steps;
// steps run in workers that send what they found.
//
// The life of a scenario: its vars are evaluated; the steps run; the finally block runs, whatever happened, with a
// context of its own; services are stopped, newest first; then every open ledger entry is taken back, newest first.
// Once all undos are started the verdict is reported; waiting for their effect goes on beside the next scenarios.
package run

import (
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Journal takes the events of a run. It is called from many goroutines.
type Journal interface {
	// Append writes an event, with its number and time.
	Append(journal.Event) error
	// AppendDurable returns when the event would survive a crash of the machine.
	AppendDurable(context.Context, journal.Event) error
	// Mask hides a secret in everything that is written from now on.
	Mask(secret string)
}

// Cleanup says when the changes of a scenario are taken back.
type Cleanup string

// The ways to clean up.
const (
	CleanupBackground Cleanup = "background" // the next scenario starts meanwhile; the run waits at its end
	CleanupWait       Cleanup = "wait"       // the next scenario starts when this one is cleaned
	CleanupKeep       Cleanup = "keep"       // nothing is taken back; everything is listed
)

// The limits that hold unless Options say otherwise.
const (
	DefaultCleanupTimeout = 2 * time.Minute
	// grace is how long a step may go on after it was told to stop, before it is left alone.
	grace = 10 * time.Second
	// abortGrace is the same after the user asked for a second time.
	abortGrace = time.Second
)

// Options says how to run.
type Options struct {
	RunID   string          // short and DNS-safe
	Info    journal.RunInfo // opens the journal; ID, Scenarios and Parallel are filled in
	Journal Journal
	Undos   []step.Undo       // every undo that a ledger entry may name
	Env     map[string]string // what expressions see as env

	Parallel      int           // scenarios at once; less than 1 means 1
	Retries       int           // how often a scenario that is not green is run again
	FailOnFlaky   bool          // a scenario that passes only when it is run again counts as failed
	FailFast      bool          // no scenario is started after one that is not green; running ones finish
	GlobalTimeout time.Duration // of the run without its cleaning up; 0 means none
	StepTimeout   time.Duration // of steps whose Timeout is 0; 0 means none

	Cleanup        Cleanup             // "" means CleanupBackground
	CleanupTimeout time.Duration       // of a finally block and of each undo; 0 means DefaultCleanupTimeout
	Abort          <-chan struct{}     // closed at the second signal
	AttachDir      string              // where evidence is kept; "" keeps none
	MaskText       func(string) string // hides secrets in evidence, as Journal.Mask does in events; nil hides none

	// Setup is carried out once before the scenarios, which see the outputs of its steps as setup in vars that were given
	// for them. It is kept until they are done and cleaned, and then taken back. Nil means none.
	Setup *scenario.Scenario
	// RetriesOf says for some scenarios, by key, how often they are run again, in place of Retries.
	RetriesOf map[string]int
	// Judge, when given, looks at the outcome before it is written down and says which demands on the whole run hold. A
	// run that came to its end by itself passes when all do, also when scenarios did not; else it fails.
	Judge func(Outcome) []journal.Threshold

	// Locker keeps other runs off what scenarios claim. Nil means that claims hold within this run alone.
	Locker step.Locker

	// Drift, when given, is asked when all is taken back what is not as it was before the run.
	Drift func(context.Context) ([]journal.Drift, error)

	// LookupEnv finds the environment variables that secrets come from. Nil finds none.
	LookupEnv func(string) (string, bool)
}

// withDefaults fills in what was left open.
func (o Options) withDefaults(scenarios int) Options {
	o.Parallel = max(o.Parallel, 1)
	if o.Cleanup == "" {
		o.Cleanup = CleanupBackground
	}
	if o.CleanupTimeout <= 0 {
		o.CleanupTimeout = DefaultCleanupTimeout
	}
	o.Info.ID = o.RunID
	o.Info.Scenarios = scenarios
	o.Info.Parallel = o.Parallel
	return o
}

// Outcome is how a run ended.
type Outcome struct {
	Verdict   step.Verdict
	ExitCode  int
	Took      time.Duration
	Counts    map[step.Verdict]int // scenarios by verdict
	Scenarios []ScenarioOutcome    // in the order given
	// Thresholds are the demands on the whole run, when there are any.
	Thresholds []journal.Threshold
	// Drift is what is not as it was before the run, when that was asked for.
	Drift []journal.Drift
	// Left lists what could not be taken back, with the reason, or was kept on request.
	Left []string
}

// ScenarioOutcome is how a scenario ended.
type ScenarioOutcome struct {
	Key      string
	Name     string
	Verdict  step.Verdict
	Message  string // why, unless it passed
	Took     time.Duration
	Attempts int
}
