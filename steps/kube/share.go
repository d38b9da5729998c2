package kube

// Shared returns what steps keep under a key for other steps of the same run, such as the servers that they opened, and
// makes it when it is first asked for. The key is of a type of the package that keeps it, so that no two packages use the
// same. What is kept must be safe for concurrent use.
func (e *Env) Shared(key any, fresh func() any) any {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, ok := e.shared[key]
	if !ok {
		v = fresh()
		e.shared[key] = v
	}
	return v
}
