package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

const failoverFile = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: failover}
vars: {password: hunter22}
steps:
  - id: web
    deploy: {manifests: [web.yaml]}
  - id: check
    name: the web is ready with hunter22
    assert:
      that: steps.web.ready == 3
`

func source(file string) []byte {
	if file == "scenarios/failover.scenario.yaml" {
		return []byte(failoverFile)
	}
	return nil
}

// recorder builds the events of a run.
type recorder struct {
	now    time.Time
	events []journal.Event
}

func newRecorder() *recorder {
	return &recorder{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (r *recorder) add(after time.Duration, e journal.Event) {
	r.now = r.now.Add(after)
	e.Time, e.Sequence = r.now, len(r.events)+1
	r.events = append(r.events, e)
}

func (r *recorder) scenario(file, name string, steps int) {
	r.add(0, journal.Event{Kind: journal.ScenarioStarted, Scenario: file, Start: &journal.ScenarioInfo{
		ID: "sr-" + name, Name: name, File: file, Namespace: "sr-" + name, Steps: steps, Labels: map[string]string{"priority": "high", "area": "demo"},
	}})
}

func (r *recorder) start(file, id string, info journal.StepInfo) {
	if info.At.Start.Line > 0 {
		info.At.File = file
	}
	r.add(0, journal.Event{Kind: journal.StepStarted, Scenario: file, Step: id, Attempt: 1, StepInfo: &info})
}

func (r *recorder) finish(file, id string, took time.Duration, result journal.Result) {
	result.Took = took
	r.add(took, journal.Event{Kind: journal.StepFinished, Scenario: file, Step: id, Attempt: max(result.Attempts, 1), Result: &result})
}

func (r *recorder) skip(file, id, cause string) {
	r.add(0, journal.Event{
		Kind: journal.StepFinished, Scenario: file, Step: id, StepInfo: &journal.StepInfo{Kind: "assert", Title: "later " + id},
		Result: &journal.Result{Verdict: step.Skipped, Cause: cause, Message: "skipped because of " + cause},
	})
}

func (r *recorder) end(file string, took time.Duration, result journal.Result) {
	result.Took = took
	r.add(0, journal.Event{Kind: journal.ScenarioFinished, Scenario: file, Result: &result})
}

func at(line, column, endLine, endColumn int) diag.Range {
	return diag.Range{Start: diag.Position{Line: line, Column: column}, End: diag.Position{Line: endLine, Column: endColumn}}
}

const (
	healFile     = "scenarios/heal.scenario.yaml"
	failoverPath = "scenarios/failover.scenario.yaml"
	chaosFile    = "scenarios/chaos.scenario.yaml"
	flakyFile    = "scenarios/flaky.scenario.yaml"
	nightFile    = "scenarios/night.scenario.yaml"
	brokenFile   = "scenarios/broken namespace.scenario.yaml"
)

// wholeRun is a run in which everything happens that a report has to show.
func wholeRun() []journal.Event {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{
		ID: "1x9k2m4abcde0", Version: "v0.1.0", Arguments: []string{"run", "scenarios"}, Process: 7, Scenarios: 6, Parallel: 2,
		Simulated: "nodes and pods are simulated by KWOK",
	}})
	healed(r)
	failedOver(r)
	inconclusive(r)
	flaky(r)
	r.scenario(nightFile, "night", 1)
	r.end(nightFile, 0, journal.Result{Verdict: step.Skipped, Message: "requires the CRD widgets.example.com"})
	r.scenario(brokenFile, "broken", 1)
	r.end(brokenFile, 30*time.Millisecond, journal.Result{
		Verdict: step.Errored, Message: "namespace sr-broken can't be made: forbidden", Facts: []step.Fact{{Name: "user", Value: "qa"}},
	})
	r.add(0, journal.Event{Kind: journal.UndoFailed, Scenario: chaosFile, Message: "node not found", Undo: &journal.UndoInfo{ID: 1}})
	r.add(time.Second, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{
		Verdict: step.Failed, ExitCode: 1, Took: 75 * time.Second, Left: []string{"uncordon node-1: node not found"},
		Counts: map[step.Verdict]int{step.Passed: 1, step.Failed: 1, step.Inconclusive: 1, step.Flaky: 1, step.Skipped: 1, step.Errored: 1},
	}})
	return r.events
}

func healed(r *recorder) {
	r.scenario(healFile, "heal", 3)
	r.start(healFile, "web", journal.StepInfo{Kind: "deploy", Title: "deploy web.yaml", At: at(5, 3, 6, 30)})
	r.finish(healFile, "web", 340*time.Millisecond, journal.Result{Verdict: step.Passed, Outputs: map[string]any{"ready": 3}})
	r.start(healFile, "probe", journal.StepInfo{Kind: "http", Title: "GET /healthz", At: at(8, 3, 9, 30)})
	r.finish(healFile, "probe", time.Second, journal.Result{Verdict: step.Failed, Excused: true, Message: "status is 503, expected 200"})
	r.start(healFile, "done", journal.StepInfo{Kind: "waitFor", Title: "deployment/web until ready"})
	r.finish(healFile, "done", 61*time.Second, journal.Result{Verdict: step.Passed, Attempts: 2})
	r.end(healFile, 62*time.Second, journal.Result{Verdict: step.Passed})
}

func failedOver(r *recorder) {
	r.scenario(failoverPath, "failover", 5)
	r.start(failoverPath, "web", journal.StepInfo{Kind: "deploy", Title: "deploy web.yaml", At: at(6, 5, 7, 36)})
	r.finish(failoverPath, "web", 1200*time.Millisecond, journal.Result{Verdict: step.Passed})
	r.start(failoverPath, "group", journal.StepInfo{Kind: "parallel", Title: "parallel", At: at(8, 5, 11, 40)})
	r.start(failoverPath, "check", journal.StepInfo{Kind: "assert", Title: "the web is ready", At: at(11, 13, 11, 33), Depth: 1})
	r.finish(failoverPath, "check", 2100*time.Millisecond, journal.Result{
		Verdict: step.Failed, Message: "steps.web.ready == 3 is false\n1 of 1 claims is false", Attempts: 3,
		Facts: []step.Fact{{Name: "steps.web.ready", Value: "2"}, {Name: "steps.web", Value: "{\n  ready: 2\n}"}},
		Sections: []step.Section{
			{Title: "pods of deployment/web", Lines: []string{"web-1  Running", "web-2  Pending  Unschedulable: 0/3 nodes"}},
			{Title: "log of web-1", Lines: []string{"\x1b[31mfatal\x1b[0m: \x1b]0;owned\x07disk\tfull\r", "a\u202eb"}},
		},
	})
	r.finish(failoverPath, "group", 0, journal.Result{Verdict: step.Failed, Message: "check failed"})
	r.skip(failoverPath, "drain", "check")
	r.skip(failoverPath, "verify", "check")
	r.end(failoverPath, 3400*time.Millisecond, journal.Result{Verdict: step.Failed, Message: "check: steps.web.ready == 3 is false"})
}

func inconclusive(r *recorder) {
	r.scenario(chaosFile, "chaos", 1)
	r.start(chaosFile, "hog", journal.StepInfo{Kind: "injectChaos", Title: "pod-memory-hog on deployment/web", At: at(4, 5, 6, 10)})
	r.finish(chaosFile, "hog", 5*time.Second, journal.Result{Verdict: step.Inconclusive, Message: "no pod was hit: the selector app=wbe matches nothing"})
	r.end(chaosFile, 5*time.Second, journal.Result{Verdict: step.Inconclusive})
}

func flaky(r *recorder) {
	for attempt := range 2 {
		r.scenario(flakyFile, "flaky", 1)
		r.start(flakyFile, "once", journal.StepInfo{Kind: "assert", Title: "once", At: at(3, 5, 3, 9)})
		if attempt == 0 {
			r.finish(flakyFile, "once", time.Second, journal.Result{Verdict: step.Failed, Message: "count(alerts) == 1 is false"})
		} else {
			r.finish(flakyFile, "once", time.Second, journal.Result{Verdict: step.Passed})
		}
	}
	r.end(flakyFile, time.Second, journal.Result{Verdict: step.Flaky})
}

// rendered returns what a run with these options writes to standard output.
func rendered(t *testing.T, events []journal.Event, output string, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	o.Stdout, o.Stderr = &out, &bytes.Buffer{}
	if err := Render(&journal.Journal{Dir: "runs/1x9k2m4abcde0", Events: events}, []string{output}, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
