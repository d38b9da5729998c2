package report

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

const shopFile = "scenarios/shop.scenario.yaml"

// failedRun is a run of one scenario of two steps, of which the last ended like that.
func failedRun(title string, result journal.Result) []journal.Event {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "1x9k2m4abcde0", Scenarios: 1}})
	r.scenario(shopFile, "shop", 2)
	r.start(shopFile, "ready", journal.StepInfo{Kind: "deploy", Title: "settings.yaml", At: at(6, 5, 6, 20)})
	r.finish(shopFile, "ready", 40*time.Millisecond, journal.Result{Verdict: step.Passed})
	r.start(shopFile, "web", journal.StepInfo{Kind: "deploy", Title: title, At: at(8, 5, 8, 11)})
	result.Verdict = step.Failed
	r.finish(shopFile, "web", 2*time.Second, result)
	r.end(shopFile, 2040*time.Millisecond, journal.Result{Verdict: step.Failed})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Verdict: step.Failed, Took: 2100 * time.Millisecond}})
	return r.events
}

// imagePull is a deployment whose pods can't pull their image, as deploy reports it.
func imagePull() []journal.Event {
	return failedRun("Deployment web", journal.Result{
		Message: `Deployment web will not become ready: Pod web-6d4b-aaaa0: container app waits: ImagePullBackOff: Back-off pulling image "shop/web:2": not found`,
		Facts:   []step.Fact{{Name: "to wait all the same", Value: "tolerate: [imagePull]"}},
		Sections: []step.Section{
			{Title: "state", Lines: []string{
				"Deployment web: Available: 0/2",
				"  2 pods (web-6d4b-aaaa0, web-6d4b-aaaa1): Pending, not ready",
				`    container app waits: ImagePullBackOff: Back-off pulling image "shop/web:2": not found`,
			}},
			{Title: "other events", Detail: true, Lines: []string{`Warning Failed ×2, 2 pods: Failed to pull image "shop/web:2": failed to resolve reference`}},
		},
	})
}

// falseClaims is an assertion with several false claims about several objects.
func falseClaims() []journal.Event {
	return failedRun("web.spec.replicas == 3 and more", journal.Result{
		Message: "the shop is not as it was: 2 of 3 claims are false",
		Facts:   []step.Fact{{Name: "web", Value: "deployment/web: Available: 1/2, resourceVersion 419", Detail: true}},
		Sections: []step.Section{
			{Title: "web.spec.replicas == 3 is false", Lines: []string{"web.spec.replicas   2"}},
			{Title: `database.data.mode == "prod": database.data has no field "mode"`, Lines: []string{
				"database.data has        level, size", "where it may be absent   write database.data.mode ?? …",
			}},
			{Title: "state", Lines: []string{"Deployment web: Available: 1/2"}},
			{Title: "events", Lines: []string{"Warning Unhealthy, Pod web-6d4b-aaaa0: Readiness probe failed: " + strings.Repeat("世界 ", 60) + "end"}},
			{Title: "state", Lines: []string{"StatefulSet database: Available: 0/1"}},
		},
	})
}

func TestTheLastScreenOfAFailedRun(t *testing.T) {
	for _, tt := range []struct {
		golden, output string
		events         []journal.Event
		options        Options
	}{
		{"image-pull.txt", "text", imagePull(), Options{}},
		{"image-pull-verbose.txt", "text", imagePull(), Options{Verbose: true}},
		{"image-pull-quiet.txt", "quiet", imagePull(), Options{}},
		{"false-claims.txt", "text", falseClaims(), Options{}},
		{"two-causes.txt", "text", twoCauses(), Options{}},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			golden(t, tt.golden, rendered(t, tt.events, tt.output, tt.options))
		})
	}
}

// twoCauses is a group of steps of which two failed.
func twoCauses() []journal.Event {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "1x9k2m4abcde0", Scenarios: 1}})
	r.scenario(shopFile, "shop", 2)
	r.start(shopFile, "all", journal.StepInfo{Kind: "parallel", Title: "parallel", At: at(6, 5, 12, 9)})
	for i, id := range []string{"quick", "slow", "third"} {
		r.start(shopFile, id, journal.StepInfo{Kind: "sleep", Title: "sleep 30s", At: at(8+i, 9, 8+i, 20), Depth: 1})
		result := journal.Result{Verdict: step.Failed, Message: "timed out after 2s; last seen: sleeping for 30s"}
		if id == "quick" {
			result = journal.Result{Verdict: step.Passed}
		}
		r.finish(shopFile, id, time.Second, result)
	}
	r.finish(shopFile, "all", 0, journal.Result{Verdict: step.Failed})
	r.skip(shopFile, "later", "slow")
	r.end(shopFile, 3*time.Second, journal.Result{Verdict: step.Failed})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Verdict: step.Failed, Took: 3 * time.Second}})
	return r.events
}

// What a screen leaves out must be in the reports for machines.
func TestMachinesGetEverything(t *testing.T) {
	long := strings.Repeat("0123456789", 100) + "end"
	var log []string
	for range 30 {
		log = append(log, "line")
	}
	events := failedRun("Deployment web", journal.Result{
		Message:  "nothing works",
		Facts:    []step.Fact{{Name: "long", Value: long}, {Name: "hidden", Value: "a detail", Detail: true}},
		Sections: []step.Section{{Title: "log", Lines: append([]string{"the first line"}, log...)}, {Title: "more", Lines: []string{long}, Detail: true}},
	})
	screen := string(rendered(t, events, "text", Options{}))
	for _, unwanted := range []string{"a detail", "the first line", "more\n", "end\n"} {
		if strings.Contains(screen, unwanted) {
			t.Errorf("the screen shows %q", unwanted)
		}
	}
	for _, line := range strings.Split(screen, "\n") {
		if n := len([]rune(line)); n > lineWidth {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	var tree struct {
		Scenarios []struct{ Steps []outcomeDocument }
	}
	if err := json.Unmarshal(rendered(t, events, "json", Options{}), &tree); err != nil {
		t.Fatal(err)
	}
	web := tree.Scenarios[0].Steps[1]
	if web.Facts[0].Value != long || !web.Facts[1].Detail || len(web.Sections[0].Lines) != 31 || web.Sections[1].Lines[0] != long {
		t.Errorf("json lacks something: %+v", web)
	}
	var suites xmlSuites
	if err := xml.Unmarshal(rendered(t, events, "junit", Options{}), &suites); err != nil {
		t.Fatal(err)
	}
	text := suites.Suites[0].Cases[0].Failure.Text
	for _, wanted := range []string{"long     " + long, "hidden   a detail", "the first line", long + "\n"} {
		if !strings.Contains(text, wanted) {
			t.Errorf("junit lacks %.40q", wanted)
		}
	}
}

func TestCutCountsColumns(t *testing.T) {
	w := writer{}
	if got := w.cut(strings.Repeat("界", lineWidth), ""); got != strings.Repeat("界", lineWidth/2-1)+"…" {
		t.Errorf("got %q", got)
	}
}
