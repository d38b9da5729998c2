package kube

// deed names an object that belongs to no namespace and that this process has changed.
type deed struct {
	connection Connection
	resource   string
	name       string
}

// did notes that an object of the whole cluster is changed, and whether the change is meant to stay.
func (t *Target) did(change Change, mapping Mapping, name string) {
	if mapping.Namespaced || change.DryRun {
		return
	}
	e := t.Cluster.env
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deeds == nil {
		e.deeds = map[deed]bool{}
	}
	e.deeds[deed{t.Cluster.Connection, mapping.String(), name}] = change.Keep
}

// Did reports whether this process has changed an object of the whole cluster, and whether the last change was meant to stay.
func (c *Cluster) Did(mapping Mapping, name string) (did, kept bool) {
	c.env.mu.Lock()
	defer c.env.mu.Unlock()
	kept, did = c.env.deeds[deed{c.Connection, mapping.String(), name}]
	return did, kept
}
