// Package require is the require step: what must be there for a scenario to make sense. Where it is not, the scenario is
// skipped, or inconclusive, with the reason. It changes nothing.
package require

import (
	_ "embed"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// What becomes of a scenario whose requirements are not met.
const (
	skip       = "skip"
	inconclude = "inconclusive"
)

// Config is what an author writes.
type Config struct {
	Kinds     []kube.Ref `yaml:"kinds" single:"true" doc:"Kinds that the API server must have, built in or custom, as in chaosengines.litmuschaos.io." example:"[chaosengines.litmuschaos.io]"`
	Version   string     `yaml:"version" doc:"Versions of Kubernetes that will do, as in >= 1.30, < 2." example:">= 1.30"`
	Nodes     *Nodes     `yaml:"nodes" doc:"Nodes that must be there."`
	Steps     step.Block `yaml:"steps" doc:"Steps that must pass, such as assert, waitFor, canI or promql. They should change nothing."`
	Otherwise string     `yaml:"otherwise" enum:"skip,inconclusive" doc:"What the scenario is when something is missing: skipped, or inconclusive, so that the run is not green."`
}

// Nodes are nodes that are needed.
type Nodes struct {
	AtLeast   int    `yaml:"atLeast" doc:"How many there must be. Without it one."`
	Selector  string `yaml:"selector" doc:"Label selector that they must match, as in topology.kubernetes.io/zone=a."`
	Real      bool   `yaml:"real" doc:"Simulated nodes of a sandbox do not count."`
	Simulated bool   `yaml:"simulated" doc:"Only simulated nodes of a sandbox count."`
}

// Outputs are what later steps read.
type Outputs struct {
	Version string `expr:"version" doc:"Version of the API server, as in v1.37.2; empty when it was not asked for."`
	Nodes   int    `expr:"nodes" doc:"How many nodes there are that will do; 0 when they were not asked for."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	r := requirements{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:         "require",
		Group:        step.Flow,
		Doc:          doc,
		Precondition: true,
		Visible:      true,
		Timeout:      -1, // the steps inside have their own
		Default:      func() Config { return Config{Otherwise: skip} },
		Check:        kube.Knowing(env, check),
		Title:        title,
		Needs:        r.needs,
		Run:          r.run,
	})
}

func check(c *Config, p *step.Problems) {
	if len(c.Kinds) == 0 && c.Version == "" && c.Nodes == nil && c.Steps.Steps == nil && !p.Dynamic("kinds") && !p.Dynamic("version") {
		p.Mistake("", "missing-field", "require needs one of kinds, version, nodes, steps")
	}
	if c.Version != "" {
		if _, err := parseVersions(c.Version); err != nil {
			p.At("version", "%v", err)
		}
	}
	for i, kind := range c.Kinds {
		if kind.Name != "" || kind.Namespace != "" || kind.Selector != "" || len(kind.Labels) > 0 || kind.FieldSelector != "" {
			p.At(fmt.Sprintf("kinds.%d", i), "a kind alone is required, found %q; to look for objects, put a waitFor or an assert under steps", kind)
		}
	}
	if c.Nodes != nil && c.Nodes.AtLeast < 0 {
		p.At("nodes.atLeast", "expected a number of nodes, found %d", c.Nodes.AtLeast)
	}
	if c.Nodes != nil {
		if _, err := labels.Parse(c.Nodes.Selector); err != nil {
			p.At("nodes.selector", "selector %q: %s", c.Nodes.Selector, err)
		}
	}
	if c.Nodes != nil && c.Nodes.Real && c.Nodes.Simulated {
		p.At("nodes.simulated", "no node is both real and simulated; give one of the two")
	}
}

func title(c *Config) string {
	var parts []string
	for _, kind := range c.Kinds {
		parts = append(parts, kind.Kind)
	}
	if c.Version != "" {
		parts = append(parts, "Kubernetes "+c.Version)
	}
	if c.Nodes != nil {
		parts = append(parts, c.Nodes.String())
	}
	if len(parts) == 0 {
		return "require"
	}
	return strings.Join(parts, ", ")
}

// String says in a few words which nodes are meant.
func (n Nodes) String() string {
	text := "1 node"
	if n.AtLeast > 1 {
		text = fmt.Sprintf("%d nodes", n.AtLeast)
	}
	switch {
	case n.Real:
		text = strings.Replace(text, " ", " real ", 1)
	case n.Simulated:
		text = strings.Replace(text, " ", " simulated ", 1)
	}
	if n.Selector != "" {
		text += " with " + n.Selector
	}
	return text
}
