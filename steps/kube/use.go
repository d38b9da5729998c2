package kube

import "maps"

// Use makes c the default cluster. It is for a cluster that is started after the steps were declared, and must be called
// before any of them runs. The cluster is this program's own, so the policy does not ask for its context.
func (e *Env) Use(c Connection) {
	clusters := maps.Clone(e.options.Clusters)
	if clusters == nil {
		clusters = map[string]Connection{}
	}
	clusters[""] = c
	e.options.Clusters = clusters
	e.box = c
}
