package report

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// schemaVersion names the form of the document; README.md describes it. It changes when a field is renamed or removed,
// not when one is added.
const schemaVersion = "scenario-runner/report/v1"

// jsonReport is one JSON document about the whole run.
type jsonReport struct {
	out      io.Writer
	options  Options
	summary  *journal.Summary
	progress *text // nil beside another report
}

func openJSON(out io.Writer, o Options, toStdout bool) Sink {
	r := &jsonReport{out: out, options: o, summary: &journal.Summary{}}
	if toStdout {
		r.progress = openProgress(o)
	}
	return r
}

// Event takes the next event.
func (r *jsonReport) Event(e journal.Event) {
	r.summary.Apply(e)
	if r.progress != nil {
		r.progress.Event(e)
	}
}

// Close writes the document.
func (r *jsonReport) Close() error {
	var problem error
	if r.progress != nil {
		problem = r.progress.Close()
	}
	complete := r.summary.Result != nil
	settle(r.summary)
	encoder := json.NewEncoder(r.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return errors.Join(problem, encoder.Encode(documentOf(r.summary, r.options, complete)))
}

type document struct {
	SchemaVersion string             `json:"schemaVersion"`
	Run           runDocument        `json:"run"`
	Scenarios     []scenarioDocument `json:"scenarios"`
}

type runDocument struct {
	ID          string               `json:"id"`
	Version     string               `json:"version"`
	Arguments   []string             `json:"arguments"`
	StartedAt   time.Time            `json:"startedAt,omitzero"`
	Seconds     float64              `json:"seconds"`
	Complete    bool                 `json:"complete"`
	Verdict     step.Verdict         `json:"verdict"`
	ExitCode    *int                 `json:"exitCode"`
	Counts      map[step.Verdict]int `json:"counts"`
	Interrupted string               `json:"interrupted,omitempty"`
	Simulated   string               `json:"simulated,omitempty"`
	Left        []string             `json:"left"`
	Drift       []journal.Drift      `json:"drift,omitempty"`
	Suite       string               `json:"suite,omitempty"`
	Thresholds  []journal.Threshold  `json:"thresholds,omitempty"`
	RunDir      string               `json:"runDir,omitempty"`
}

type scenarioDocument struct {
	Key         string            `json:"key"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels"`
	StartedAt   time.Time         `json:"startedAt,omitzero"`
	Setup       bool              `json:"setup,omitempty"`
	outcomeDocument
	Steps    []stepDocument    `json:"steps"`
	Attempts []attemptDocument `json:"earlierAttempts,omitempty"`
}

type attemptDocument struct {
	outcomeDocument
	Steps []stepDocument `json:"steps"`
}

type stepDocument struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Title     string    `json:"title"`
	File      string    `json:"file,omitempty"`
	Line      int       `json:"line,omitempty"`
	Column    int       `json:"column,omitempty"`
	Depth     int       `json:"depth"`
	Phase     string    `json:"phase,omitempty"`
	Cluster   string    `json:"cluster,omitempty"` // "" is the default one
	Attempts  int       `json:"attempts"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	outcomeDocument
	Cause   string         `json:"cause,omitempty"`
	Excused bool           `json:"excused,omitempty"`
	Outputs map[string]any `json:"outputs,omitempty"`
}

// outcomeDocument is what every scenario, attempt and step has.
type outcomeDocument struct {
	Verdict  step.Verdict   `json:"verdict"`
	Seconds  float64        `json:"seconds"`
	Message  string         `json:"message,omitempty"`
	Facts    []step.Fact    `json:"facts,omitempty"`
	Sections []step.Section `json:"sections,omitempty"`
}

func documentOf(s *journal.Summary, o Options, complete bool) document {
	d := document{SchemaVersion: schemaVersion, Scenarios: []scenarioDocument{}, Run: runDocument{
		ID: s.Run.ID, Version: s.Run.Version, Arguments: orNone(s.Run.Arguments), StartedAt: s.Started,
		Seconds: s.Took().Seconds(), Complete: complete, Verdict: step.Errored, Counts: counts(s),
		Interrupted: s.Interrupted, Suite: s.Run.Suite, Simulated: s.Run.Simulated, Left: []string{}, RunDir: o.RunDir,
	}}
	if complete {
		d.Run.Verdict, d.Run.ExitCode, d.Run.Left = s.Result.Verdict, &s.Result.ExitCode, orNone(s.Result.Left)
		d.Run.Thresholds, d.Run.Drift = s.Result.Thresholds, s.Result.Drift
	}
	for _, scenario := range s.Scenarios {
		d.Scenarios = append(d.Scenarios, scenarioOf(scenario))
	}
	return d
}

func scenarioOf(s *journal.ScenarioSummary) scenarioDocument {
	d := scenarioDocument{
		Key: s.Key, ID: s.Info.ID, Name: s.Info.Name, Description: s.Info.Description, File: s.Info.File,
		Namespace: s.Info.Namespace, Labels: s.Info.Labels, StartedAt: s.Started, Setup: s.Info.Setup,
		outcomeDocument: outcomeOf(s.Result), Steps: stepsOf(s.Steps),
	}
	if d.Labels == nil {
		d.Labels = map[string]string{}
	}
	for _, a := range s.Attempts {
		d.Attempts = append(d.Attempts, attemptDocument{outcomeDocument: outcomeOf(a.Result), Steps: stepsOf(a.Steps)})
	}
	return d
}

func stepsOf(steps []*journal.StepSummary) []stepDocument {
	out := make([]stepDocument, len(steps))
	for i, s := range steps {
		out[i] = stepDocument{
			ID: s.ID, Kind: s.Info.Kind, Title: s.Info.Title, File: s.Info.At.File, Line: s.Info.At.Start.Line,
			Column: s.Info.At.Start.Column, Depth: s.Info.Depth, Phase: s.Info.Phase, Cluster: s.Info.Cluster, Attempts: s.Attempt, StartedAt: s.Started,
			outcomeDocument: outcomeOf(s.Result),
		}
		if s.Result != nil {
			out[i].Cause, out[i].Excused, out[i].Outputs = s.Result.Cause, s.Result.Excused, s.Result.Outputs
		}
	}
	return out
}

func outcomeOf(r *journal.Result) outcomeDocument {
	if r == nil {
		return outcomeDocument{Verdict: step.Errored}
	}
	d := outcomeDocument{Verdict: r.Verdict, Seconds: r.Took.Seconds(), Message: r.Message, Facts: r.Facts, Sections: r.Sections}
	if d.Verdict == "" {
		d.Verdict = step.Errored
	}
	return d
}

// orNone makes an empty list of nothing, so that readers of the document need no case for null.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
