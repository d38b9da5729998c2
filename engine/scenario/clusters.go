package scenario

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// DefaultCluster is the name of the cluster on which steps work that name none.
const DefaultCluster = "default"

var clusterName = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$`)

// Home returns the cluster on which the steps work that name none: the first that the scenario names. "" is the default
// cluster.
func (s *Scenario) Home() string {
	if len(s.Clusters) == 0 || s.Clusters[0] == DefaultCluster {
		return ""
	}
	return s.Clusters[0]
}

// Works returns nothing when a step of the scenario may work on a cluster, else what is wrong with its name. A scenario that
// names no clusters leaves that to the configuration.
func (s *Scenario) Works(name string) (wrong string) {
	if len(s.Clusters) == 0 || name == "" || slices.Contains(s.Clusters, name) {
		return ""
	}
	return "the scenario has no cluster \"" + name + "\" among its clusters" + diag.DidYouMean(name, s.Clusters)
}

// clusters reads the names before the steps, which are checked against them.
func (c *compiler) clusters(root *yaml.Node) {
	n, _ := source.Lookup(root, "clusters")
	if n = source.Follow(n); n == nil {
		return
	}
	names := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		names = n.Content
	}
	if len(names) == 0 {
		c.diags.Add(c.file.Range(n), "invalid-value", "clusters is empty; name the clusters of the scenario, or remove it for the default one")
	}
	for _, name := range names {
		name = source.Follow(name)
		switch {
		case name.Kind != yaml.ScalarNode || name.Tag == "!!null":
			return // reported by its type
		case !clusterName.MatchString(name.Value):
			c.diags.Add(c.file.Range(name), "invalid-value", "%q is no name for a cluster; use letters, digits and inner dashes", name.Value)
		case slices.Contains(c.scenario.Clusters, name.Value):
			c.diags.Add(c.file.Range(name), "invalid-value", "cluster %q is named twice", name.Value)
		default:
			c.scenario.Clusters = append(c.scenario.Clusters, name.Value)
		}
	}
}

// onCluster reports a step that works on a cluster which the scenario does not have.
func (c *compiler) onCluster(item *yaml.Node) {
	n, _ := source.Lookup(item, "cluster")
	if n = source.Follow(n); n == nil || n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "${{") {
		return
	}
	if wrong := c.scenario.Works(n.Value); wrong != "" {
		c.diags.Add(c.file.Range(n), "unknown-cluster", "%s", wrong)
	}
}

// away returns the cluster of a step as its kind gets it: nothing for the home of the scenario, which is the place
// that the checks of a file know.
func (c *compiler) away(cluster eval.Text) eval.Text {
	if name, err := cluster.Eval(nil); !cluster.Dynamic() && err == nil && len(c.scenario.Clusters) > 0 && name == c.scenario.Clusters[0] {
		return eval.Text{}
	}
	return cluster
}

// located returns locks with the name of the cluster that they are about, when that is not the default one.
func (c *compiler) located(locks []string) []string {
	home := c.scenario.Home()
	if home == "" {
		return locks
	}
	var out []string
	for _, lock := range locks {
		if lock != "" && !strings.HasPrefix(lock, "cluster/") {
			lock = "cluster/" + home + "/" + lock
		}
		out = append(out, lock)
	}
	return out
}
