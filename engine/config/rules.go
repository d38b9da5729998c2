package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/glob"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Rules are what a configuration says against scenarios while they are checked: clusters that it does not know, and what
// its policy forbids. What is only known when a step runs is for others to refuse.
type Rules struct {
	Config   *Config
	Clusters []string // names of clusters that are known from elsewhere, such as a flag
	Changing []string // step kinds that change the objects that they name
}

// Scenario looks at a whole file.
func (r *Rules) Scenario(file *source.File) diag.List {
	var diags diag.List
	limit := r.Config.Policy.MaxDuration
	safety, _ := source.Lookup(file.Root, "safety")
	n, _ := source.Lookup(safety, "maxDuration")
	if n = source.Follow(n); n == nil || limit == 0 {
		return nil
	}
	if d, err := time.ParseDuration(n.Value); err == nil && d > limit {
		diags.Add(file.Range(n), "policy", "maxDuration: the policy allows at most %s (%s)", field.FormatDuration(limit), r.Config.At("policy", "maxDuration"))
	}
	return diags
}

// Step looks at one step: the mapping it is written as, and the key and value of its kind.
func (r *Rules) Step(file *source.File, step *yaml.Node, kind source.Pair) diag.List {
	var diags diag.List
	for i, forbidden := range r.Config.Policy.ForbiddenSteps {
		if forbidden == kind.Key.Value {
			diags.Add(file.Range(kind.Key), "policy", "%s steps are forbidden by the policy (%s)", forbidden, r.Config.At("policy", "forbiddenSteps", strconv.Itoa(i)))
		}
	}
	r.cluster(file, step, &diags)
	if slices.Contains(r.Changing, kind.Key.Value) {
		r.namespaces(file, step, kind, &diags)
	}
	return diags
}

// cluster reports a cluster that has no such name.
func (r *Rules) cluster(file *source.File, step *yaml.Node, diags *diag.List) {
	if own, _ := source.Lookup(file.Root, "clusters"); own != nil {
		return // the scenario names its clusters itself; where they are is a question of the run
	}
	n, _ := source.Lookup(step, "cluster")
	name, ok := literal(n)
	if !ok || name == "" || name == Default {
		return
	}
	known := slices.Sorted(maps.Keys(r.Config.Clusters))
	for _, other := range r.Clusters {
		if !slices.Contains(known, other) {
			known = append(known, other)
		}
	}
	switch {
	case slices.Contains(known, name):
	case len(known) == 0:
		diags.Add(file.Range(n), "unknown-cluster", "no cluster %q: %s names none; add it there under clusters", name, r.Config.File())
	default:
		diags.Add(file.Range(n), "unknown-cluster", "no cluster %q%s", name, diag.DidYouMean(name, known))
	}
}

// namespaces reports forbidden namespaces in which a step would change something, as far as they are written out: those
// of the objects that it names, else its own, else that of the scenario.
func (r *Rules) namespaces(file *source.File, step *yaml.Node, kind source.Pair, diags *diag.List) {
	named := namedNamespaces(kind.Value, nil)
	for _, n := range named {
		if message := r.forbidden(n); message != "" {
			diags.Add(file.Range(n), "policy", "%s", message)
		}
	}
	if len(named) > 0 {
		return
	}
	if n, _ := source.Lookup(step, "namespace"); n != nil {
		if message := r.forbidden(n); message != "" {
			diags.Add(file.Range(n), "policy", "%s", message)
		}
		return
	}
	metadata, _ := source.Lookup(file.Root, "metadata")
	if n, _ := source.Lookup(metadata, "namespace"); n != nil {
		if message := r.forbidden(n); message != "" {
			diags.Add(file.Range(kind.Key), "policy", "%s", message)
		}
	}
}

// forbidden says that a namespace is forbidden, and by which line of the policy.
func (r *Rules) forbidden(n *yaml.Node) string {
	name, ok := literal(n)
	if !ok || name == "" {
		return ""
	}
	for i, pattern := range r.Config.Policy.ForbiddenNamespaces {
		if glob.Match(pattern, name) {
			at := r.Config.At("policy", "forbiddenNamespaces", strconv.Itoa(i))
			return fmt.Sprintf("changes in namespace %q are forbidden by the policy (%q, %s)", name, pattern, at)
		}
	}
	return ""
}

// namedNamespaces returns where the config of a step names the namespace of an object. Only the keys under which objects
// stand are followed: a label may be called namespace as well.
func namedNamespaces(n *yaml.Node, found []*yaml.Node) []*yaml.Node {
	n = source.Follow(n)
	if n != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			found = namedNamespaces(item, found)
		}
	}
	for _, p := range source.Pairs(n) {
		switch p.Key.Value {
		case "namespace":
			if source.Follow(p.Value).Kind == yaml.ScalarNode {
				found = append(found, source.Follow(p.Value))
			}
		case "object", "objects", "target", "targets", "inline", "manifests", "metadata":
			found = namedNamespaces(p.Value, found)
		}
	}
	return found
}

// literal returns a text that is written out.
func literal(n *yaml.Node) (string, bool) {
	n = source.Follow(n)
	if n == nil || n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "${{") {
		return "", false
	}
	return n.Value, true
}
