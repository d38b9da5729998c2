// Package storytest runs whole scenarios with the real scheduler and keeps their journal in memory, for tests of steps
// that contain other steps. It is used by tests only.
package storytest

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

const head = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: story}\n"

// Story is a scenario that was run.
type Story struct {
	run.ScenarioOutcome
	Steps map[string]*journal.StepSummary // by id, with the prefix of the container where it gives one
	Order []string                        // ids in the order in which the steps started
}

// Result returns how a step ended. A step that the story does not have fails the test.
func (s *Story) Result(t testing.TB, id string) *journal.Result {
	t.Helper()
	found := s.Steps[id]
	if found == nil || found.Result == nil {
		t.Fatalf("no step %q ended; there are %v", id, s.Order)
	}
	return found.Result
}

// Load checks the rest of a scenario after its metadata. The diagnostics are drawn as the author sees them, with the
// file name "story.yaml" and lines counted from the first of text.
func Load(t testing.TB, r *step.Registry, text string) (*scenario.Scenario, string) {
	t.Helper()
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole := []byte(text + head)
	s, diags := loader.Load("story.yaml", whole)
	var b bytes.Buffer
	p := diag.Printer{Source: func(string) []byte { return whole }}
	if err := p.Print(&b, diags); err != nil {
		t.Fatal(err)
	}
	return s, b.String()
}

// Run runs the rest of a scenario after its metadata with the kinds of a registry.
func Run(ctx context.Context, t testing.TB, r *step.Registry, text string) *Story {
	t.Helper()
	s, diags := Load(t, r, text)
	if s == nil {
		t.Fatalf("the scenario has mistakes:\n%s", diags)
	}
	events := &memory{}
	outcome, err := run.Run(ctx, []*scenario.Scenario{s}, run.Options{RunID: "story", Journal: events, Undos: r.Undos})
	if err != nil {
		t.Fatal(err)
	}
	story := &Story{ScenarioOutcome: outcome.Scenarios[0], Steps: map[string]*journal.StepSummary{}}
	for _, one := range journal.Summarize(events.list).Scenario(s.Key).Steps {
		story.Steps[one.ID] = one
		story.Order = append(story.Order, one.ID)
	}
	return story
}

// memory is a journal that is not written anywhere.
type memory struct {
	mu   sync.Mutex
	list []journal.Event
}

// Append keeps an event.
func (m *memory) Append(e journal.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Sequence, e.Time = len(m.list)+1, time.Now()
	m.list = append(m.list, e)
	return nil
}

// AppendDurable keeps an event.
func (m *memory) AppendDurable(_ context.Context, e journal.Event) error { return m.Append(e) }

// Mask does nothing.
func (m *memory) Mask(string) {}
