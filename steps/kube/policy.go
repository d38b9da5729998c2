package kube

import (
	"cmp"
	"errors"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// defaultName is another name of the default cluster, for steps that want to say so.
const defaultName = "default"

// inCluster is how a policy names the service account of a pod, which has no context.
const inCluster = "in-cluster"

// allowed refuses a connection whose context the policy does not allow. The cluster in the box is this program's own.
func (e *Env) allowed(c Connection) error {
	if c == e.box {
		return nil
	}
	name := c.Context
	if c.InCluster {
		name = inCluster
	}
	return e.options.Settings.Policy.Context(name)
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
	return t.Cluster.env.options.Settings.Policy.Namespace(namespace)
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
