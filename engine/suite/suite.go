// Package suite reads suites: files that say which scenarios run together, in which order, with which shared setup and
// vars, and how many of them must pass. It runs nothing: engine/run does, with what a Suite says.
package suite

import (
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Kind heads every suite file.
const Kind = "Suite"

// Order says in which order scenarios are started.
type Order string

// The orders.
const (
	Listed       Order = "listed"       // as the suite lists them
	ByName       Order = "name"         // by name
	Random       Order = "random"       // by chance, the same for the same seed
	SlowestFirst Order = "slowestFirst" // by what earlier runs took; those that nobody knows come first
)

// document is the top of a suite file as the author writes it.
type document struct {
	APIVersion string        `yaml:"apiVersion" required:"true" enum:"scenario-runner/v1" doc:"Version of the language."`
	Kind       string        `yaml:"kind" required:"true" enum:"Suite" doc:"What this file is."`
	Metadata   metadata      `yaml:"metadata" required:"true" doc:"Name and labels of the suite."`
	Scenarios  []entry       `yaml:"scenarios" required:"true" single:"true" doc:"The scenarios: files, folders and patterns, relative to this file. One that several entries name belongs to the first." example:"[remediation/*.scenario.yaml]"`
	Order      Order         `yaml:"order" enum:"listed,name,random,slowestFirst" doc:"In which order scenarios are started. Without it, as they are listed."`
	Seed       *int          `yaml:"seed" doc:"What a random order is drawn from. Without it each run draws another one, and says which." example:"7"`
	Parallel   int           `yaml:"parallel" doc:"Scenarios at once." example:"8"`
	Vars       eval.Tree     `yaml:"vars" doc:"Values in place of those that the scenarios give their vars. They may use env and setup.<id>.<output>."`
	Repeat     int           `yaml:"repeat" doc:"How often each scenario is run, for systems that do not do the same every time. Each time counts for the pass rates." example:"5"`
	Retries    int           `yaml:"retries" doc:"How often a scenario that is not green is run again." example:"1"`
	FailFast   bool          `yaml:"failFast" doc:"Start no further scenario after one that is not green."`
	Timeout    time.Duration `yaml:"timeout" doc:"Time limit of the whole run, clean-up not counted. What is cut short by it never passes." example:"30m"`
	Setup      *setup        `yaml:"setup" doc:"What is done once, in a namespace of its own, before the first scenario, and taken back after the last one."`
	Thresholds thresholds    `yaml:"thresholds" doc:"What must be true of the whole run. Without them, every scenario must pass."`
}

type metadata struct {
	Name        string            `yaml:"name" required:"true" doc:"Short name of the suite." example:"remediation"`
	Description string            `yaml:"description" doc:"What the suite is for, in one or two sentences."`
	Labels      map[string]string `yaml:"labels" doc:"Labels for people and tools."`
}

type entry struct {
	Path    string    `yaml:"path" required:"true" shorthand:"true" doc:"File, folder or pattern with * and ?, relative to the suite." example:"chaos/*.scenario.yaml"`
	Labels  []string  `yaml:"labels" single:"true" doc:"Only scenarios with these labels: key, key=value or key!=value; all must match." example:"priority=critical"`
	Vars    eval.Tree `yaml:"vars" doc:"As vars of the suite, for these scenarios."`
	Retries *int      `yaml:"retries" doc:"As retries of the suite, for these scenarios." example:"2"`
}

type setup struct {
	Steps   step.Block `yaml:"steps" required:"true" doc:"Steps that run once before the scenarios. When they do not pass, no scenario is started."`
	Finally step.Block `yaml:"finally" doc:"Steps that run after the last scenario, whatever happened."`
}

type thresholds struct {
	PassRate    *float64           `yaml:"passRate" doc:"Which part of the scenarios must pass, from 0 to 1. Without it, all of them." example:"0.95"`
	Labels      map[string]float64 `yaml:"labels" doc:"The same for the scenarios with a label: key, key=value or key!=value." example:"{priority=critical: 1.0}"`
	MaxDuration time.Duration      `yaml:"maxDuration" doc:"How long the whole run may take." example:"30m"`
	MaxFlaky    *int               `yaml:"maxFlaky" doc:"How many scenarios may have passed only when they were run again." example:"2"`
}

// Suite is a checked suite, ready to run.
type Suite struct {
	File        *source.File
	Name        string
	Description string
	Labels      map[string]string
	Scenarios   []*scenario.Scenario // as they are listed, with the vars of the suite
	Setup       *scenario.Scenario   // nil when there is none
	Order       Order
	Seed        *int           // nil means by chance
	Parallel    int            // 0 means that the suite does not say
	Repeat      int            // how often each scenario is run; 0 means that the suite does not say
	Retries     *int           // nil means that the suite does not say
	RetriesOf   map[string]int // by key of the scenario, where an entry says something else
	FailFast    *bool          // nil means that the suite does not say
	Timeout     time.Duration  // 0 means that the suite does not say
	Thresholds  []Threshold
}

// Threshold is a demand on the whole run.
type Threshold struct {
	Name  string  // passRate, maxDuration, maxFlaky
	Label string  // of the scenarios that it is about; "" is all
	Value float64 // a rate, seconds, a number
}
