// Package plan says what a scenario will do before it does it: the graph of its steps, their limits, and what they will
// touch as far as that is known. It looks at the checked document only; no cluster is asked and nothing runs.
package plan

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Plan is what one scenario will do.
type Plan struct {
	Name        string            `json:"name"`
	File        string            `json:"file"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels"`
	Namespace   string            `json:"namespace,omitempty"` // "" means one of its own
	Clusters    []string          `json:"clusters,omitempty"`  // none stands for the default one
	MaxDuration Duration          `json:"maxDuration,omitempty"`
	Steps       []Step            `json:"steps"`
	Finally     []Step            `json:"finally,omitempty"`
	Touches     []Touch           `json:"touches"` // of all steps, in order
	Summary     Summary           `json:"summary"`
}

// Step is one step of a plan.
type Step struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Title     string   `json:"title"`
	File      string   `json:"file,omitempty"` // of a step that a template brings
	Line      int      `json:"line"`
	After     []string `json:"after,omitempty"`   // ids that must have finished
	Started   []string `json:"started,omitempty"` // ids that must only have started
	Needs     []string `json:"needs,omitempty"`   // the part of After that the author asked for
	If        string   `json:"if,omitempty"`
	Timeout   Duration `json:"timeout,omitempty"` // absent when there is none
	Attempts  int      `json:"attempts,omitempty"`
	Cluster   string   `json:"cluster,omitempty"`
	Namespace string   `json:"namespace,omitempty"`

	Background      bool `json:"background,omitempty"`
	Always          bool `json:"always,omitempty"`
	ContinueOnError bool `json:"continueOnError,omitempty"`

	Together bool   `json:"together,omitempty"` // the steps inside start at once
	Steps    []Step `json:"steps,omitempty"`    // inside a container step

	direct []string // After without the ids that another one of them waits for anyway
	usual  bool     // Timeout is that of every step of this kind
	inLine bool     // it follows the step before it and nothing else, or starts with its container
}

// Duration is a time that JSON shows as scenarios write it: "1m30s".
type Duration time.Duration

// Of makes the plan of a scenario.
func Of(s *scenario.Scenario, r *step.Registry) Plan {
	p := Plan{
		Name: s.Name, File: filepath.ToSlash(s.File.Name), Description: s.Description, Labels: s.Labels, Namespace: s.Namespace,
		Clusters: s.Clusters, MaxDuration: Duration(s.MaxDuration), Touches: []Touch{},
	}
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	b := builder{registry: r, plan: &p, cluster: s.Home()}
	p.Steps = b.block(&s.Steps, false, "")
	p.Finally = b.block(&s.Finally, false, "")
	p.Summary = summarize(p.Touches)
	return p
}

type builder struct {
	registry *step.Registry
	plan     *Plan
	cluster  string // that the steps of a block work on unless they name another
}

// block plans a list of steps. prefix goes before their ids.
func (b *builder) block(block *scenario.Block, together bool, prefix string) []Step {
	var out []Step
	for i, s := range block.Steps {
		planned := b.step(s, prefix)
		planned.direct = ids(direct(s.After), prefix)
		var usual []string
		if i > 0 && !together {
			usual = []string{prefix + block.Steps[i-1].ID}
		}
		planned.inLine = slices.Equal(planned.direct, usual) && len(planned.Started) == 0
		out = append(out, planned)
	}
	return out
}

// direct leaves out the steps that others of the list wait for.
func direct(after []*scenario.Step) []*scenario.Step {
	return slices.DeleteFunc(slices.Clone(after), func(s *scenario.Step) bool {
		return slices.ContainsFunc(after, func(other *scenario.Step) bool { return other != s && waitsFor(other, s, map[*scenario.Step]bool{}) })
	})
}

func waitsFor(a, b *scenario.Step, seen map[*scenario.Step]bool) bool {
	if seen[a] {
		return false
	}
	seen[a] = true
	return slices.ContainsFunc(a.After, func(s *scenario.Step) bool { return s == b || waitsFor(s, b, seen) })
}

func (b *builder) step(s *scenario.Step, prefix string) Step {
	d, _ := b.registry.Get(s.Kind)
	out := Step{
		ID: prefix + s.ID, Kind: s.Kind, Title: s.Title, Line: s.At.Start.Line,
		After: ids(s.After, prefix), Started: ids(s.AfterStart, prefix), Needs: ids(s.Needs, prefix),
		Timeout: Duration(max(s.Timeout, 0)), usual: s.Timeout == d.Timeout,
		Cluster: cmp.Or(textOf(s.Cluster), b.cluster), Namespace: textOf(s.Namespace),
		Background: s.Background, Always: s.Always, ContinueOnError: s.ContinueOnError, Together: d.Unordered,
	}
	if file := filepath.ToSlash(s.At.File); file != b.plan.File {
		out.File = file
	}
	if s.If != nil {
		out.If = s.If.Source
	}
	if s.Retry != nil {
		out.Attempts = s.Retry.Attempts
	}
	b.touch(s, d, out)
	around := b.cluster
	b.cluster = out.Cluster
	for _, inner := range s.Task.Blocks() {
		if block, ok := inner.Steps.(*scenario.Block); ok {
			inner := prefix
			if block.Apart {
				inner = out.ID + "."
			}
			out.Steps = append(out.Steps, b.block(block, d.Unordered, inner)...)
		}
	}
	b.cluster = around
	return out
}

func ids(steps []*scenario.Step, prefix string) []string {
	var out []string
	for _, s := range steps {
		out = append(out, prefix+s.ID)
	}
	return out
}

// textOf returns a text as it will be or, when that is not known yet, the expressions that decide it.
func textOf(t eval.Text) string {
	if !t.Dynamic() {
		text, _ := t.Eval(nil)
		return text
	}
	var out string
	for i, p := range t.Programs() {
		if i > 0 {
			out += "…"
		}
		out += "${{ " + p.Source + " }}"
	}
	if t.Single() == nil {
		out = "…" + out + "…"
	}
	return out
}
