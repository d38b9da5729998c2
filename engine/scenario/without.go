package scenario

import (
	"fmt"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Without returns a copy of s in which one step of the story is left out: a negative control. What waited for the step
// waits for what it waited for. A step whose outputs others use can't be left out, and neither can one inside another
// step.
func (s *Scenario) Without(id string) (*Scenario, error) {
	i := slices.IndexFunc(s.Steps.Steps, func(one *Step) bool { return one.Named && one.ID == id })
	if i < 0 {
		var names []string
		for _, one := range s.Steps.Steps {
			if one.Named {
				names = append(names, one.ID)
			}
		}
		return nil, fmt.Errorf("%s: the story has no step with the id %q%s", s.Key, id, diag.DidYouMean(id, names))
	}
	left := s.Steps.Steps[i]
	out, reader := s.WithoutStep(left)
	if reader != nil {
		return nil, fmt.Errorf("%s: step %s can't be left out, because %s (%s) uses its outputs; put what it says about %s into a step of its own and leave that out too",
			s.Key, id, reader.ID, reader.At.Start, id)
	}
	return out, nil
}

// WithoutStep is Without for a step that may have no id of its own. When its outputs are used, it returns the first step
// that uses them.
func (s *Scenario) WithoutStep(left *Step) (less *Scenario, reader *Step) {
	for _, one := range append(slices.Clone(s.Steps.Steps), s.Finally.Steps...) {
		if slices.Contains(one.Reads, left) {
			return nil, one
		}
	}
	out := *s
	out.Steps = s.Steps.without(left)
	return &out, nil
}

// without returns a copy of a block, with copies of its steps, in which one is left out.
func (b Block) without(left *Step) Block {
	copies := map[*Step]*Step{}
	for _, one := range b.Steps {
		c := *one
		copies[one] = &c
	}
	var out Block
	for _, one := range b.Steps {
		if one == left {
			continue
		}
		c := copies[one]
		c.After = bridged(one.After, left, left.After, copies)
		started := one.AfterStart
		if slices.Contains(one.After, left) {
			started = append(slices.Clone(started), left.AfterStart...)
		}
		c.AfterStart = bridged(started, left, left.AfterStart, copies)
		c.Needs = bridged(one.Needs, left, nil, copies)
		c.Reads = bridged(one.Reads, left, nil, copies)
		out.Steps = append(out.Steps, c)
	}
	return out
}

// bridged maps steps to their copies; others take the place of the one that is left out.
func bridged(steps []*Step, left *Step, others []*Step, copies map[*Step]*Step) []*Step {
	var out []*Step
	add := func(one *Step) {
		if c := copies[one]; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for _, one := range steps {
		if one != left {
			add(one)
			continue
		}
		for _, other := range others {
			add(other)
		}
	}
	return out
}
