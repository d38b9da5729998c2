package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Touch is one thing that a step will change.
type Touch struct {
	Step string `json:"step"`
	step.Touch
	run *step.Run // as far as it is known before the run
}

// touch adds what a step will change: what it says itself or, when it says nothing, its title. Steps that only look, and
// those that only direct others, change nothing.
func (b *builder) touch(s *scenario.Step, d step.Definition, out Step) {
	run := &step.Run{
		ID: out.ID, Kind: s.Kind, Cluster: out.Cluster, Namespace: out.Namespace,
		Scenario: step.Scenario{Name: b.plan.Name, Namespace: b.plan.Namespace, Labels: b.plan.Labels},
	}
	var touches []step.Touch
	if t, ok := s.Task.(step.Toucher); ok {
		touches = t.Touches()
	} else if d.Group != step.Flow && d.Group != step.Judging && (d.Group != step.Story || !d.Judges) {
		touches = []step.Touch{{Verb: s.Kind, What: s.Title}}
	}
	for _, touch := range touches {
		if touch.Where == "" && out.Namespace != "" {
			touch.Where = "namespace " + out.Namespace
		}
		if out.Cluster != "" {
			touch.Where = strings.TrimSuffix(fmt.Sprintf("cluster %s, %s", out.Cluster, touch.Where), ", ")
		}
		b.plan.Touches = append(b.plan.Touches, Touch{Step: out.ID, Touch: touch, run: run})
	}
}

// Look finds out what the touches mean on the clusters now, reading only. What can't be found out is said in its place.
func (p *Plan) Look(ctx context.Context) error {
	for i := range p.Touches {
		t := &p.Touches[i]
		if t.Look == nil {
			continue
		}
		now, err := t.Look(ctx, t.run)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			now = "not known: " + err.Error()
		}
		t.Now = now
	}
	p.Summary = summarize(p.Touches)
	return nil
}

// Rehearse has the clusters check what the plan would apply and change, without doing it. unsure tells what could not be
// checked. Of an object that several steps touch only the first change is checked: the others find it in a state that
// nobody knows yet.
func (p *Plan) Rehearse(ctx context.Context) (found diag.List, unsure []string, err error) {
	seen := map[string]bool{}
	for _, t := range p.Touches {
		key := t.object() + "\x00" + t.Where
		if seen[key] || t.Rehearse == nil {
			seen[key] = true
			continue
		}
		seen[key] = true
		objections, err := t.Rehearse(ctx, t.run)
		if ctx.Err() != nil {
			return found, unsure, context.Cause(ctx)
		}
		if err != nil {
			unsure = append(unsure, fmt.Sprintf("%s: %s", t.object(), err))
		}
		found = append(found, objections...)
	}
	return found, unsure, nil
}

// Summary is what a scenario does in all. Numbers are the most that is known before the run.
type Summary struct {
	Created     int      `json:"created"` // objects that are applied
	Changed     int      `json:"changed"`
	Removed     int      `json:"removed"`
	Broken      int      `json:"broken"`
	Sent        int      `json:"sent"`    // alerts and requests
	Started     int      `json:"started"` // programs
	Open        bool     `json:"open"`    // there is more of which the number is not known before the run
	BlastRadius []string `json:"blastRadius,omitempty"`
}

// summarize counts the touches. An object that several steps touch in the same way counts once.
func summarize(touches []Touch) Summary {
	var s Summary
	seen := map[string]bool{}
	for _, t := range touches {
		if t.Effect == step.Breaks {
			s.BlastRadius = append(s.BlastRadius, t.place())
		}
		numbers := map[step.Effect]*int{
			step.Creates: &s.Created, step.Changes: &s.Changed, step.Removes: &s.Removed, step.Breaks: &s.Broken,
			step.Sends: &s.Sent, step.Runs: &s.Started,
		}
		number, ok := numbers[t.Effect]
		s.Open = s.Open || ok && t.Count == 0
		key := string(t.Effect) + t.object() + t.Where
		if !ok || t.Effect == step.Creates && seen[key] || t.Effect == step.Changes && seen[key] {
			continue
		}
		seen[key] = true
		*number += t.Count
	}
	slices.Sort(s.BlastRadius)
	s.BlastRadius = slices.Compact(s.BlastRadius)
	return s
}

// object is What without the details that follow the name.
func (t Touch) object() string {
	name, _, _ := strings.Cut(t.What, ": ")
	name, _, _ = strings.Cut(name, " to ")
	return name
}

// place says to what, where, and what that is now.
func (t Touch) place() string {
	text := t.What
	if t.Where != "" {
		text += " (" + t.Where + ")"
	}
	if t.Now != "" {
		text += ", now " + t.Now
	}
	return text
}

// String is the summary for people: "creates 2 objects, changes 1; breaks 1".
func (s Summary) String() string {
	var parts []string
	add := func(n int, verb, noun string) {
		if n == 0 {
			return
		}
		if n > 1 {
			noun += "s"
		}
		parts = append(parts, fmt.Sprintf("%s %d %s", verb, n, noun))
	}
	add(s.Created, "creates", "object")
	add(s.Changed, "changes", "object")
	add(s.Removed, "removes", "object")
	add(s.Broken, "breaks", "thing")
	add(s.Sent, "sends", "request")
	add(s.Started, "starts", "program")
	switch {
	case len(parts) == 0 && s.Open:
		return "known only when it runs"
	case s.Open:
		return strings.Join(parts, ", ") + ", and more that is known only when it runs"
	}
	return strings.Join(parts, ", ")
}
