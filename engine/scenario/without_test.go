package scenario_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
)

func edges(s *scenario.Scenario) string {
	var lines []string
	for _, one := range s.Steps.Steps {
		line := one.ID + ":"
		for _, before := range one.After {
			line += " " + before.ID
		}
		for _, before := range one.AfterStart {
			line += " (" + before.ID + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestWithout(t *testing.T) {
	s, diags := storytest.Load(t, storytest.Kinds(), `steps:
  - {id: web, give: 1}
  - {id: beside, background: true, pause: 1s}
  - {id: hog, give: 2}
  - {id: read, give: "${{ steps.web.value }}"}
  - {id: last, needs: [hog, web], check: 1 == 1}
`)
	if s == nil {
		t.Fatal(diags)
	}
	before := edges(s)
	out, err := s.Without("hog")
	if err != nil {
		t.Fatal(err)
	}
	want := "web:\nbeside: web\nread: web (beside)\nlast: web (beside)"
	if diff := cmp.Diff(want, edges(out)); diff != "" {
		t.Errorf("without hog (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, edges(s)); diff != "" {
		t.Errorf("the scenario itself was changed:\n%s", diff)
	}
	for id, want := range map[string]string{
		"hgo": `story.yaml: the story has no step with the id "hgo"; did you mean "hog"?`,
		"web": "story.yaml: step web can't be left out, because read (5:16) uses its outputs; put what it says about web into a step of its own and leave that out too",
	} {
		if _, err := s.Without(id); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
