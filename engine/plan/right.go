package plan

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Right is something that a step must be allowed to do, with the place where it is needed.
type Right struct {
	step.Right
	Scenario string
	Step     string
	Kind     string // of the step
	File     string
	Line     int
	Cluster  string // "" is the default cluster
	// Namespace is where the objects are that the right is about; "" when they are in no namespace or in all of them.
	Namespace string
	Own       bool // it is the namespace that the scenario makes for itself
	Unknown   bool // which one is known only when it runs
	Makes     bool // the step works in the scenario's own namespace, which is made for the first step that does
}

// ownNamespace is how authors name the namespace of their scenario, without blanks.
const ownNamespace = "${{scenario.namespace}}"

// Rights returns what the steps of a scenario must be allowed to do, in the order of the steps.
func Rights(s *scenario.Scenario) []Right {
	g := gatherer{scenario: s}
	home := place{cluster: s.Home()}
	g.block(&s.Steps, "", home)
	g.block(&s.Finally, "", home)
	return g.rights
}

// place is what the common fields of the steps around a step say.
type place struct{ cluster, namespace string }

type gatherer struct {
	scenario *scenario.Scenario
	rights   []Right
}

func (g *gatherer) block(block *scenario.Block, prefix string, around place) {
	for _, s := range block.Steps {
		at := place{cmp.Or(textOf(s.Cluster), around.cluster), cmp.Or(written(s), around.namespace)}
		id := prefix + s.ID
		if needer, ok := s.Task.(step.Needer); ok {
			for _, right := range needer.Needs() {
				g.rights = append(g.rights, g.placed(s, id, at, right))
			}
		}
		for _, inner := range s.Task.Blocks() {
			if nested, ok := inner.Steps.(*scenario.Block); ok {
				before := prefix
				if nested.Apart {
					before = id + "."
				}
				g.block(nested, before, at)
			}
		}
	}
}

// written is the namespace that a step names, with ${{ }} as it is written when it is nothing else.
func written(s *scenario.Step) string {
	if single := s.Namespace.Single(); single != nil {
		return "${{ " + strings.TrimSpace(single.Source) + " }}"
	}
	return textOf(s.Namespace)
}

// tight is a name without the blanks that authors may put into ${{ }}.
func tight(name string) string { return strings.ReplaceAll(name, " ", "") }

// placed says where a right of a step is needed.
func (g *gatherer) placed(s *scenario.Step, id string, at place, right step.Right) Right {
	r := Right{
		Right: right, Scenario: g.scenario.Name, Step: id, Kind: s.Kind, File: filepath.ToSlash(s.At.File), Line: s.At.Start.Line, Cluster: at.cluster,
	}
	if r.File == "" {
		r.File = filepath.ToSlash(g.scenario.File.Name)
	}
	works := tight(cmp.Or(at.namespace, g.scenario.Namespace, ownNamespace))
	r.Makes = works == ownNamespace && g.scenario.Namespace == ""
	if right.Everywhere {
		return r
	}
	namespace := tight(cmp.Or(right.Where, works))
	switch {
	case namespace == ownNamespace && g.scenario.Namespace != "":
		r.Namespace = g.scenario.Namespace
	case namespace == ownNamespace:
		r.Own = true
	case strings.Contains(namespace, "${{"):
		r.Unknown = true
	default:
		r.Namespace = namespace
	}
	return r
}
