package plan

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestRehearse(t *testing.T) {
	says := func(message string, err error) func(context.Context, *step.Run) (diag.List, error) {
		return func(_ context.Context, run *step.Run) (diag.List, error) {
			var found diag.List
			if message != "" {
				found.Add(diag.Range{}, "server-refuses", "%s in %s", message, run.Namespace)
			}
			return found, err
		}
	}
	run := &step.Run{Namespace: "shop"}
	p := &Plan{Touches: []Touch{
		{Touch: step.Touch{What: "deployment/web", Rehearse: says("too big", nil)}, run: run},
		{Touch: step.Touch{What: "deployment/web: spec.replicas", Rehearse: says("of an object that is not known any more", nil)}, run: run},
		{Touch: step.Touch{What: "deployment/web", Where: "namespace b", Rehearse: says("", errors.New("no answer"))}, run: run},
		{Touch: step.Touch{What: "pod/a"}, run: run},
		{Touch: step.Touch{What: "pod/a", Rehearse: says("after a change that is not known", nil)}, run: run},
	}}
	found, unsure, err := p.Rehearse(t.Context())
	if err != nil || len(found) != 1 || found[0].Message != "too big in shop" {
		t.Errorf("got %v, %v", found, err)
	}
	if d := cmp.Diff([]string{"deployment/web: no answer"}, unsure); d != "" {
		t.Error(d)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.Rehearse(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
