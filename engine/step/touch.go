package step

// Touch is one thing that a step will change, as far as that is known before it runs.
type Touch struct {
	Verb  string `json:"verb"`            // what is done: "apply", "delete", "break"
	What  string `json:"what"`            // to what: "Deployment web", "pods of deployment/web, half of them"
	Where string `json:"where,omitempty"` // outside the scenario's own place: "namespace shop", "node worker-1"
}

// Toucher is a Task that tells what it will touch. A task that is none is described by its title.
type Toucher interface {
	// Touches returns what the step will change, from its config alone: it must not do I/O. Parts that hold ${{ }} are
	// shown as they are written.
	Touches() []Touch
}
