// Package rights turns what steps must be allowed to do into rules of RBAC, the fewest that cover it, writes them as roles,
// and asks a cluster which of them its present user lacks.
//
// It grants nothing, and it does not know steps: those say what they need by kube.Rights.
package rights

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Need is a right with the place where it is needed.
type Need struct {
	step.Right
	// Namespace is where the objects are; "" when they are in no namespace, in all, or in one that is not known yet.
	Namespace string
	Own       bool   // the namespace is made by the scenario that needs the right
	Makes     bool   // and the step is one for which it is made
	At        string // where the step stands: "shop.scenario.yaml:12"
}

// Rule is what may be done with one resource.
type Rule struct {
	Namespace string // "" is the whole cluster
	Group     string
	Resource  string // with its subresource: "pods/exec"
	Name      string // "" is every object
	Verbs     []string
	Helps     bool     // runs work without it, but explain less
	For       []string // what needs it, in order: "apply deployment/web (shop.scenario.yaml:12)"
}

// Set is all that some scenarios need on one cluster.
type Set struct {
	Rules   []Rule   // by namespace, the whole cluster first, then by group, resource and name
	Unknown []string // what is known only when it runs
}

// entry is one verb on one thing.
type entry struct{ namespace, group, resource, name, verb string }

// claim is why an entry is needed.
type claim struct {
	helps bool
	why   []string
}

// Of returns the fewest rules that cover needs.
func Of(needs []Need) Set {
	var set Set
	entries := map[entry]*claim{}
	for _, n := range needs {
		if n.Makes {
			home := Need{Right: step.Right{Verbs: []string{"create", "delete", "get", "list", "watch"}, What: "namespaces", Everywhere: true, Why: "make and remove the own namespaces of scenarios"}}
			home.enter(entries)
		}
		if n.What == "" {
			if text := n.reason(); !slices.Contains(set.Unknown, text) {
				set.Unknown = append(set.Unknown, text)
			}
			continue
		}
		n.enter(entries)
	}
	cover(entries)
	set.Rules = rules(entries)
	return set
}

// enter adds the verbs of a need. Names narrow only what is asked of single objects that are there already, and say nothing
// in a namespace that is not there yet.
func (n Need) enter(entries map[entry]*claim) {
	verbs := n.Verbs
	if !n.Own {
		verbs = slices.Concat(verbs, n.Beyond)
	}
	what, part, _ := strings.Cut(n.What, "/")
	resource, group, _ := strings.Cut(what, ".")
	if part != "" {
		resource += "/" + part
	}
	for _, verb := range verbs {
		e := entry{namespace: cmp.Or(n.Kept, n.Namespace), group: group, resource: resource, name: n.Name, verb: verb}
		if n.Own || n.Kept != "" || slices.Contains([]string{"create", "deletecollection", "list", "watch"}, verb) {
			e.name = ""
		}
		add(entries, e, n.Helps, n.reason())
	}
}

func (n Need) reason() string {
	if n.At == "" {
		return n.Why
	}
	return n.Why + " (" + n.At + ")"
}

func add(entries map[entry]*claim, e entry, helps bool, why ...string) {
	c := entries[e]
	if c == nil {
		c = &claim{helps: true}
		entries[e] = c
	}
	if c.helps && !helps {
		c.helps, c.why = false, nil // what needs it says more than what it helps
	}
	if c.helps != helps {
		return
	}
	for _, text := range why {
		if !slices.Contains(c.why, text) {
			c.why = append(c.why, text)
		}
	}
}

// cover drops what a wider entry allows: one for every name, or one for the whole cluster.
func cover(entries map[entry]*claim) {
	for _, e := range slices.SortedFunc(maps.Keys(entries), compare) {
		for _, wider := range e.wider() {
			if _, there := entries[wider]; there && wider != e {
				c := entries[e]
				delete(entries, e)
				add(entries, wider, c.helps, c.why...)
				break
			}
		}
	}
}

// wider lists the entries that allow e and more.
func (e entry) wider() []entry {
	all, cluster, both := e, e, e
	all.name, cluster.namespace, both.name, both.namespace = "", "", "", ""
	return []entry{both, cluster, all}
}

func compare(a, b entry) int {
	return cmp.Or(
		cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.group, b.group), cmp.Compare(a.resource, b.resource),
		cmp.Compare(a.name, b.name), cmp.Compare(a.verb, b.verb),
	)
}

// rules puts the verbs of one thing together.
func rules(entries map[entry]*claim) []Rule {
	var needed, helpful []Rule
	for _, e := range slices.SortedFunc(maps.Keys(entries), compare) {
		c := entries[e]
		list := &needed
		if c.helps {
			list = &helpful
		}
		n := len(*list)
		r := Rule{Namespace: e.namespace, Group: e.group, Resource: e.resource, Name: e.name, Helps: c.helps}
		if n == 0 || !(*list)[n-1].same(r) {
			*list = append(*list, r)
			n++
		}
		last := &(*list)[n-1]
		last.Verbs = append(last.Verbs, e.verb)
		for _, why := range c.why {
			if !slices.Contains(last.For, why) {
				last.For = append(last.For, why)
			}
		}
	}
	all := slices.Concat(needed, helpful)
	slices.SortStableFunc(all, func(a, b Rule) int { return cmp.Compare(a.Namespace, b.Namespace) })
	return all
}

func (r Rule) same(other Rule) bool {
	return r.Namespace == other.Namespace && r.Group == other.Group && r.Resource == other.Resource && r.Name == other.Name
}

// String is the rule in words: "create, patch deployments.apps in any namespace".
func (r Rule) String() string {
	text := strings.Join(r.Verbs, ", ") + " " + r.what()
	if r.Namespace != "" {
		text += " in namespace " + r.Namespace
	}
	return text
}

// what names the resource with its group, and the object if only one is meant.
func (r Rule) what() string {
	resource, part, sub := strings.Cut(r.Resource, "/")
	text := strings.TrimSuffix(resource+"."+r.Group, ".")
	if sub {
		text += "/" + part
	}
	if r.Name != "" {
		text += " " + r.Name
	}
	return text
}
