package journal

import (
	"encoding/json"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Kind names what an event reports.
type Kind string

// The kinds of events, in the order in which a run meets them.
const (
	RunStarted       Kind = "run.started"
	ScenarioStarted  Kind = "scenario.started"
	ScenarioWaits    Kind = "scenario.waits" // for a lock that another one holds
	StepStarted      Kind = "step.started"
	StepProgress     Kind = "step.progress"
	StepFinished     Kind = "step.finished"
	UndoRecorded     Kind = "undo.recorded" // durable before the change is made
	UndoFinished     Kind = "undo.finished" // taken back, or forgotten
	UndoFailed       Kind = "undo.failed"
	ScenarioFinished Kind = "scenario.finished" // verdict known; clean-up may still go on
	ScenarioCleaned  Kind = "scenario.cleaned"
	RunInterrupted   Kind = "run.interrupted" // a signal arrived, or --fail-fast or the global timeout stopped the run
	RunFinished      Kind = "run.finished"
	Logged           Kind = "log"
)

// Event is one line of a journal. Which of the pointers is set follows from Kind.
type Event struct {
	Sequence int       `json:"seq"`
	Time     time.Time `json:"time"`
	Kind     Kind      `json:"kind"`
	Scenario string    `json:"scenario,omitempty"` // key of the scenario: unique in the run ("shop/web.scenario.yaml", "…#case2")
	Step     string    `json:"step,omitempty"`     // id of the step, unique in its scenario
	Attempt  int       `json:"attempt,omitempty"`  // 1-based
	Message  string    `json:"message,omitempty"`

	Run      *RunInfo      `json:"run,omitempty"`
	Start    *ScenarioInfo `json:"start,omitempty"`
	StepInfo *StepInfo     `json:"stepInfo,omitempty"`
	Result   *Result       `json:"result,omitempty"`
	Undo     *UndoInfo     `json:"undo,omitempty"`
}

// RunInfo opens a journal.
type RunInfo struct {
	ID        string          `json:"id"`
	Version   string          `json:"version"`
	Arguments []string        `json:"arguments"`
	Process   int             `json:"process"`
	Scenarios int             `json:"scenarios"`
	Parallel  int             `json:"parallel"`
	Suite     string          `json:"suite,omitempty"`     // name of the suite that was run
	Target    json.RawMessage `json:"target,omitempty"`    // what the host program needs to reach the same clusters again
	Simulated string          `json:"simulated,omitempty"` // says what is simulated, when something is
}

// ScenarioInfo opens a scenario.
type ScenarioInfo struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Base        string            `json:"base,omitempty"` // the name in the file, when the scenario is run more than once
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Steps       int               `json:"steps"`
	// Setup says that this is no scenario but what a suite does once before its scenarios.
	Setup bool `json:"setup,omitempty"`
}

// StepInfo describes a step when it starts (or is skipped).
type StepInfo struct {
	Kind  string     `json:"kind"`
	Title string     `json:"title"`           // name of the step, or what its body says: "deployment/web until …"
	At    diag.Range `json:"at"`              // where it stands in the file
	Depth int        `json:"depth,omitempty"` // 0 at the top, 1 inside a container step …
	Phase string     `json:"phase,omitempty"` // "", or "finally"

	Within string `json:"within,omitempty"` // id of the container step around it

	Cluster string `json:"cluster,omitempty"` // that it works on; "" is the default one
}

// Result closes a step, a scenario or the run.
type Result struct {
	Verdict  step.Verdict         `json:"verdict"`
	Took     time.Duration        `json:"took"` // nanoseconds
	Message  string               `json:"message,omitempty"`
	Cause    string               `json:"cause,omitempty"` // id of the step that made this one be skipped
	Facts    []step.Fact          `json:"facts,omitempty"`
	Sections []step.Section       `json:"sections,omitempty"`
	Outputs  map[string]any       `json:"outputs,omitempty"`
	Attempts int                  `json:"attempts,omitempty"`
	Excused  bool                 `json:"excused,omitempty"` // continueOnError: does not count
	Counts   map[step.Verdict]int `json:"counts,omitempty"`  // of a run: scenarios by verdict
	ExitCode int                  `json:"exitCode,omitempty"`
	Left     []string             `json:"left,omitempty"` // what could not be taken back
	// Drift is what others share with the run and is not as it was before, when that was looked at.
	Drift []Drift `json:"drift,omitempty"`
	// Thresholds are the demands of a suite on its whole run.
	Thresholds []Threshold `json:"thresholds,omitempty"`
}

// Threshold is one demand of a suite on its whole run, and what became of it.
type Threshold struct {
	Name    string `json:"name"`            // passRate, maxDuration, maxFlaky
	Label   string `json:"label,omitempty"` // the scenarios that it is about; "" is all
	Allowed string `json:"allowed"`         // "at least 0.95", "at most 30m"
	Actual  string `json:"actual"`          // "0.9", "12m4s"
	Holds   bool   `json:"holds"`
	Text    string `json:"text"` // all of it as a sentence
}

// Drift is something that others share with the run, and that is not as it was before it although no undo explains that.
type Drift struct {
	What string `json:"what"`         // "clusterrole reader"
	How  string `json:"how"`          // "was created", "changed: taint dedicated=db:NoSchedule was added"
	By   string `json:"by,omitempty"` // who did it, as far as that is known, when it was not the run
	Ours bool   `json:"ours,omitempty"`
	Kept bool   `json:"kept,omitempty"` // the run did it, and means it to stay
}

// UndoInfo is a ledger entry, or what became of one.
type UndoInfo struct {
	ID        int             `json:"id"`
	Name      string          `json:"name"` // name of the step.Undo
	Describe  string          `json:"describe"`
	Data      json.RawMessage `json:"data,omitempty"`
	Forgotten bool            `json:"forgotten,omitempty"`
}
