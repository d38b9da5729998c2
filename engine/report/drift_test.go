package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func drifted(list ...journal.Drift) []journal.Event {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1"}})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Verdict: step.Passed, ExitCode: 4, Drift: list}})
	return r.events
}

func TestDriftIsToldByWhoDidIt(t *testing.T) {
	list := []journal.Drift{
		{What: "node worker-1", How: "changed: taint dedicated=db:NoSchedule was added", By: "kubectl-taint"},
		{What: "storageclass fast", How: "was removed"},
		{What: "clusterrole reader", How: "was created", Ours: true},
		{What: "clusterrole writer", How: "was created", By: "scenario-runner", Ours: true, Kept: true},
	}
	for i := range 12 {
		list = append(list, journal.Drift{What: fmt.Sprintf("namespace n%02d", i), How: "was created"})
	}
	events := drifted(list...)
	const want = `left behind or changed meanwhile:
  clusterrole reader was created, by this run
  clusterrole writer was created, by this run, which keeps it on purpose
  node worker-1 changed: taint dedicated=db:NoSchedule was added, by others (kubectl-taint)
  storageclass fast was removed, by others
  namespace n00 was created, by others
  namespace n01 was created, by others
  namespace n02 was created, by others
  namespace n03 was created, by others
  namespace n04 was created, by others
  namespace n05 was created, by others
  namespace n06 was created, by others
  namespace n07 was created, by others
  and 4 more
`
	for _, output := range []string{"text", "quiet", "html", "markdown", "github"} {
		if got := string(rendered(t, events, output, Options{})); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", output, got, want)
		}
	}
	got := string(rendered(t, events, "json", Options{}))
	for _, part := range []string{`"what": "namespace n11"`, `"by": "kubectl-taint"`, `"kept": true`} {
		if !strings.Contains(got, part) {
			t.Errorf("json lacks %s:\n%s", part, got)
		}
	}
}

func TestNothingIsSaidOfNoDrift(t *testing.T) {
	for _, output := range []string{"text", "markdown", "json"} {
		if got := string(rendered(t, drifted(), output, Options{})); strings.Contains(got, "meanwhile") || strings.Contains(got, "drift") {
			t.Errorf("%s: got\n%s", output, got)
		}
	}
}
