package kube

import (
	"maps"
	"slices"
)

// Use makes c the cluster of a name, "" for the default one. It is for clusters that are started after the steps were
// declared, and must be called before any of them runs. They are this program's own, so the policy does not ask for their
// contexts.
func (e *Env) Use(name string, c Connection) {
	clusters := maps.Clone(e.options.Clusters)
	if clusters == nil {
		clusters = map[string]Connection{}
	}
	clusters[name] = c
	e.options.Clusters = clusters
	e.boxes = append(e.boxes, c)
}

// boxed reports whether a connection leads to a cluster in the box that this program has started.
func (e *Env) boxed(c Connection) bool { return slices.Contains(e.boxes, c) }
