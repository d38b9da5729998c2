package scenario

import (
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Scenario is a checked scenario file, ready to run.
type Scenario struct {
	File        *source.File
	Key         string // unique among the scenarios of a run: the path as the user gave it, and "#" with the case of a matrix
	Name        string
	Description string
	Namespace   string // metadata.namespace; "" means one of its own
	Labels      map[string]string
	Matrix      map[string]any // values of its case; nil without a matrix
	Vars        Vars
	Secrets     []Secret
	MaxDuration time.Duration // safety.maxDuration; 0 means no limit
	Safety      step.Safety
	Locks       []string // what it needs for itself
	Clusters    []string // that it names; none stands for the default one
	Steps       Block
	Finally     Block
	Asserts     int       // steps that judge something
	Base        *Scenario // what it repeats, with the name that its file gives; nil for a scenario that runs once
}

// NamedAt returns where the name of the scenario stands.
func (s *Scenario) NamedAt() diag.Range {
	metadata, _ := source.Lookup(s.File.Root, "metadata")
	if name, _ := source.Lookup(metadata, "name"); name != nil {
		return s.File.Range(name)
	}
	return s.File.Range(s.File.Root)
}

// Secret is a value that is looked up when the scenario starts and is masked in everything that is written.
type Secret struct {
	Name string
	Env  string // environment variable, or
	File string // path, relative to the scenario's folder
}

// Block is a list of steps and the order among them.
type Block struct {
	Steps []*Step // document order
	Apart bool    // the steps of a template: their ids are unique in its file, and other files don't see them
}

// Step is one compiled step.
type Step struct {
	ID    string // given, or "step3" for the third; unique in the scenario
	Named bool   // the author gave the id
	Title string // name, or what the body says
	// TitleIn is Title with the values that are known when the step starts; nil when it holds no ${{ }}.
	TitleIn func(scope eval.Scope) (title string, ok bool)
	Kind    string
	At      diag.Range
	Depth   int // 0 at the top, 1 inside a container step …

	Task step.Task

	// After lists the steps of the same block that must have finished, AfterStart those that must only have started
	// (background steps just before this one). Both in document order. Needs is the part of After that the author asked
	// for, by needs or by a reference: if one of these does not pass, this step is skipped. Order alone skips as well,
	// unless this step is marked Always.
	After      []*Step
	AfterStart []*Step
	Needs      []*Step
	Reads      []*Step // the part of Needs whose outputs expressions use

	If              *eval.Program // nil means always
	Timeout         time.Duration // 0 means the step kind's own
	Retry           *Retry
	ContinueOnError bool
	Background      bool
	Companion       bool // ends by itself when the steps beside it have ended, and is in the background
	Breaks          bool // on purpose: what it did is taken back first when the scenario is aborted
	Always          bool // runs even when an earlier step did not pass
	Cluster         eval.Text
	Namespace       eval.Text
}

// Retry says how often a step that fails or errs is tried again.
type Retry struct {
	Attempts int           // in all, at least 2
	Delay    time.Duration // before the second attempt
	Factor   float64       // by which the delay grows each time; 1 keeps it
	MaxDelay time.Duration // 0 means no cap
	On       []step.Verdict
}

// Vars are the values of a scenario's vars, in document order because a later one may use an earlier one.
type Vars []Var

// Var is one named value.
type Var struct {
	Name  string
	Value eval.Tree
}
