package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// silent is a journal that keeps nothing.
type silent struct{}

func (silent) Append(journal.Event) error                         { return nil }
func (silent) AppendDurable(context.Context, journal.Event) error { return nil }
func (silent) Mask(string)                                        {}

const manySteps = 10_000

// shapes are graphs of many steps that are hard on a scheduler in different ways.
func shapes() map[string]func() scenario.Block {
	value := outputs("ready", true, "name", "web")
	steps := func() []*scenario.Step {
		all := make([]*scenario.Step, manySteps)
		for i := range all {
			all[i] = newStep(fmt.Sprintf("s%d", i), value)
		}
		return all
	}
	return map[string]func() scenario.Block{
		"chain": func() scenario.Block { return list(steps()...) },
		"wide":  func() scenario.Block { return together(steps()...) },
		"random": func() scenario.Block {
			random := rand.New(rand.NewPCG(1, 2))
			all := steps()
			for i, s := range all {
				for range min(i, 3) {
					s.Needs = append(s.Needs, all[max(0, i-1-random.IntN(200))])
				}
			}
			return together(all...)
		},
		"layers": func() scenario.Block {
			all := steps()
			const width = 100
			for i, s := range all {
				if i >= width {
					s.Needs = all[i/width*width-width : i/width*width]
				}
			}
			return together(all...)
		},
	}
}

// BenchmarkSchedule runs graphs of 10,000 steps that do nothing: what is measured is the engine.
func BenchmarkSchedule(b *testing.B) {
	for _, name := range []string{"chain", "wide", "random", "layers"} {
		b.Run(name, func(b *testing.B) {
			s := story(name, shapes()[name]())
			start := time.Now()
			for b.Loop() {
				out, err := Run(b.Context(), []*scenario.Scenario{s}, Options{RunID: "bench", Journal: silent{}})
				if err != nil || out.Verdict != step.Passed {
					b.Fatalf("%+v, %v", out, err)
				}
			}
			perStep := time.Since(start) / time.Duration(b.N*manySteps)
			b.ReportMetric(float64(perStep.Nanoseconds())/1000, "µs/step")
		})
	}
}

// TestManySteps makes sure that every step of a large graph runs once and sees all steps that it waits for.
func TestManySteps(t *testing.T) {
	for name, shape := range shapes() {
		block := shape()
		ran := make([]int, manySteps)
		for i, s := range block.Steps {
			s.Task = fake(func(_ context.Context, run *step.Run) (map[string]any, error) {
				ran[i]++
				steps, _ := run.Scope["steps"].(map[string]any)
				for _, before := range s.After[:min(len(s.After), 3)] {
					if _, ok := steps[before.ID]; !ok {
						return nil, step.Fail("%s does not see %s", s.ID, before.ID)
					}
				}
				return map[string]any{"n": i}, nil
			})
		}
		out, err := Run(t.Context(), []*scenario.Scenario{story(name, block)}, Options{RunID: "many", Journal: silent{}})
		if err != nil || out.Verdict != step.Passed {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		for i, n := range ran {
			if n != 1 {
				t.Fatalf("%s: step %d ran %d times", name, i, n)
			}
		}
	}
}
