package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// suiteRun is a suite with a setup and two scenarios, of which the second ends with a verdict.
func suiteRun(last, whole step.Verdict, thresholds ...journal.Threshold) []journal.Event {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1", Scenarios: 2, Suite: "shop"}})
	r.add(0, journal.Event{Kind: journal.ScenarioStarted, Scenario: "shop.suite.yaml#setup", Start: &journal.ScenarioInfo{Name: "shop setup", Steps: 1, Setup: true}})
	r.scenario(healFile, "heal", 1)
	r.end(healFile, time.Second, journal.Result{Verdict: step.Passed})
	r.scenario(failoverPath, "failover", 1)
	r.end(failoverPath, time.Second, journal.Result{Verdict: last, Message: "web: it is down"})
	r.end("shop.suite.yaml#setup", 2*time.Second, journal.Result{Verdict: step.Passed})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{
		Verdict: whole, Took: 2 * time.Second, Counts: map[step.Verdict]int{step.Passed: 1, last: 1}, Thresholds: thresholds,
	}})
	return r.events
}

func half(holds bool) journal.Threshold {
	t := journal.Threshold{Name: "passRate", Allowed: ">= 0.5", Actual: "0.5", Holds: true, Text: "1 of 2 failed; passRate 0.5 >= 0.5 holds"}
	if !holds {
		t = journal.Threshold{Name: "passRate", Label: "area=shop", Allowed: ">= 1", Actual: "0.5", Text: "area=shop: 1 of 2 failed; passRate 0.5 >= 1 does not hold"}
	}
	return t
}

// TestSuiteSaysWhyItPasses shows a suite that passes although a scenario failed.
func TestSuiteSaysWhyItPasses(t *testing.T) {
	events := suiteRun(step.Failed, step.Passed, half(true))
	want := "1 passed, 1 failed in 2.0s\n✓ suite shop passed\n  ✓ 1 of 2 failed; passRate 0.5 >= 0.5 holds\n"
	for _, output := range []string{"text", "quiet"} {
		got := string(rendered(t, events, output, Options{}))
		if output == "quiet" {
			_, want, _ = strings.Cut(want, "\n")
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", output, got, want)
		}
	}
	if got := string(rendered(t, events, "junit", Options{})); !strings.Contains(got, `<property name="suite" value="shop"></property>`) ||
		!strings.Contains(got, `<property name="threshold.passRate" value="1 of 2 failed; passRate 0.5 &gt;= 0.5 holds"></property>`) {
		t.Errorf("junit: got\n%s", got)
	}
	var d struct {
		Run struct {
			Suite      string
			Verdict    string
			Thresholds []journal.Threshold
		}
		Scenarios []struct {
			Name  string
			Setup bool
		}
	}
	if err := json.Unmarshal(rendered(t, events, "json", Options{}), &d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]journal.Threshold{half(true)}, d.Run.Thresholds); diff != "" || d.Run.Suite != "shop" || d.Run.Verdict != "passed" {
		t.Errorf("json: %+v %s", d.Run, diff)
	}
	if len(d.Scenarios) != 3 || !d.Scenarios[0].Setup || d.Scenarios[1].Setup {
		t.Errorf("json: %+v", d.Scenarios)
	}
}

func TestScenarioOfASuiteRunsAgainWithinIt(t *testing.T) {
	got := string(rendered(t, suiteRun(step.Failed, step.Failed, half(false)), "text", Options{Suite: "shop.suite.yaml"}))
	if want := "run it again: scenario-runner run shop.suite.yaml --name '^failover$'\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it %s", got, want)
	}
}

func TestSuiteSaysWhyItFails(t *testing.T) {
	events := suiteRun(step.Failed, step.Failed, half(true), half(false))
	want := "✗ suite shop failed\n  ✓ 1 of 2 failed; passRate 0.5 >= 0.5 holds\n  ✗ area=shop: 1 of 2 failed; passRate 0.5 >= 1 does not hold\n"
	for _, output := range []string{"text", "quiet"} {
		if got := string(rendered(t, events, output, Options{})); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", output, got, want)
		}
	}
	if got := string(rendered(t, events, "junit", Options{})); !strings.Contains(got, `name="threshold.passRate[area=shop]"`) {
		t.Errorf("junit: got\n%s", got)
	}
}

func TestQuietSaysNothingOfAGreenSuite(t *testing.T) {
	all := journal.Threshold{Name: "passRate", Holds: true, Text: "2 of 2 passed; passRate 1 >= 1 holds"}
	events := suiteRun(step.Passed, step.Passed, all)
	events[len(events)-1].Result.Counts = map[step.Verdict]int{step.Passed: 2}
	if got := string(rendered(t, events, "quiet", Options{})); got != "" {
		t.Errorf("got %q", got)
	}
	if got := string(rendered(t, events, "text", Options{})); !strings.HasSuffix(got, "✓ suite shop passed\n  ✓ 2 of 2 passed; passRate 1 >= 1 holds\n") {
		t.Errorf("got\n%s", got)
	}
}
