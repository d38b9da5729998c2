package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/glob"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// defaultName is another name of the default cluster, for steps that want to say so.
const defaultName = "default"

// inCluster is how a policy names the service account of a pod, which has no context.
const inCluster = "in-cluster"

// allowed refuses a connection whose context the policy does not allow. The cluster in the box is this program's own.
func (e *Env) allowed(c Connection) error {
	if e.boxed(c) {
		return nil
	}
	return e.options.Settings.Policy.Context(contextName(c))
}

// Refused returns what the policy says against the named clusters, nil when it allows them. It asks no cluster. Clusters
// that can't be found are passed over: whoever uses them will say so.
func (e *Env) Refused(names []string) error {
	var refused []error
	for _, name := range names {
		_, err := e.connection(name)
		if refusal, ok := errors.AsType[*settings.Refusal](err); ok {
			refused = append(refused, refusal)
		}
	}
	return errors.Join(refused...)
}

// Permit refuses changes in a namespace that the policy forbids; "" is the namespace that the target works in. Steps ask
// for themselves before they change something in another way than by the methods of Target: the own namespace of a
// scenario is always permitted.
func (t *Target) Permit(namespace string) error {
	if namespace = cmp.Or(namespace, t.Namespace); namespace == t.own {
		return nil
	}
	if t.run != nil {
		if err := spared(t.run.Scenario.Safety, namespace); err != nil {
			return err
		}
	}
	return t.Cluster.env.options.Settings.Policy.Namespace(namespace)
}

// spared refuses changes in a namespace that the scenario itself forbids.
func spared(safety step.Safety, namespace string) error {
	for _, forbidden := range safety.ForbiddenNamespaces {
		if glob.Match(forbidden, namespace) {
			return &settings.Refusal{
				What: fmt.Sprintf("changes in namespace %q", namespace),
				Why:  fmt.Sprintf("are forbidden by the scenario's safety.forbiddenNamespaces (%q)", forbidden),
			}
		}
	}
	return nil
}

// chosen refuses a cluster whose context is not among those that the scenario allows itself. The cluster in the box is
// always allowed.
func (e *Env) chosen(c Connection, safety step.Safety) error {
	name := contextName(c)
	if e.boxed(c) || len(safety.Contexts) == 0 || slices.ContainsFunc(safety.Contexts, func(allowed string) bool { return glob.Match(allowed, name) }) {
		return nil
	}
	return &settings.Refusal{
		What: fmt.Sprintf("context %q", name),
		Why:  "is not among the scenario's safety.contexts, which are " + strings.Join(safety.Contexts, ", ") + "; choose one of these with --context",
	}
}

// Context returns how policies name the cluster, and whether somebody who is asked for it has named it: the policy, the
// scenario itself, or this program, whose own the cluster in the box is.
func (t *Target) Context() (name string, named bool) {
	e, c := t.Cluster.env, t.Cluster.Connection
	name = contextName(c)
	fits := func(pattern string) bool { return pattern != "*" && glob.Match(pattern, name) }
	named = e.boxed(c) || slices.ContainsFunc(t.run.Scenario.Safety.Contexts, fits) ||
		slices.ContainsFunc(e.options.Settings.Policy.Contexts, func(p settings.Pattern) bool { return fits(p.Glob) })
	return name, named
}

// Breakable refuses to break something on a cluster whose context looks like production, unless somebody named it on
// purpose. what is done there, as in "chaos".
func (t *Target) Breakable(what string) error {
	name, named := t.Context()
	if named || !looksLikeProduction(name) {
		return nil
	}
	return &settings.Refusal{
		What: fmt.Sprintf("%s on context %q", what, name),
		Why:  "is refused because it looks like production; if it is meant, name it under contexts of the policy or under safety.contexts of the scenario",
	}
}

// looksLikeProduction matches names that people give to clusters on which others rely.
func looksLikeProduction(name string) bool {
	match, _ := regexp.MatchString(`(?i)(^|[^a-z])(prod|prd|production|live)([^a-z]|$)`, name) // the pattern is a constant
	return match
}

// contextName is how policies name a connection.
func contextName(c Connection) string {
	if c.InCluster {
		return inCluster
	}
	return c.Context
}

// permit refuses the change of one object. A namespace counts as what is in it.
func (t *Target) permit(mapping Mapping, namespace, name string) error {
	switch {
	case mapping.GVR() == namespaces.GVR():
		return t.Permit(name)
	case !mapping.Namespaced:
		return nil
	}
	return t.Permit(namespace)
}

// Known returns how policies name a cluster, and whether it is one in the box, which is there to be broken. It asks no
// cluster: one in the box is known by its context and by its server, which is this machine.
func (e *Env) Known(ctx context.Context, name string) (called string, sandbox bool, err error) {
	cluster, err := e.Cluster(ctx, name)
	if err != nil {
		return "", false, err
	}
	called = contextName(cluster.Connection)
	server, err := url.Parse(cluster.Server())
	if err != nil {
		return called, false, err
	}
	here := net.ParseIP(server.Hostname()).IsLoopback()
	return called, e.boxed(cluster.Connection) || here && strings.HasPrefix(called, boxContext), nil
}

// boxContext begins the names of the contexts of clusters in the box.
const boxContext = "sandbox-"
