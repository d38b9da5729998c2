package inbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Registry holds the boxes of the servers that are open, by the scenario and the step that opened them: scenarios that
// run at the same time have servers of the same name. It is safe for concurrent use.
type Registry struct {
	mu    sync.Mutex
	boxes map[key]*Box
}

type key struct{ scenario, name string }

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{boxes: map[key]*Box{}} }

// sharedKey is under what a run keeps its registry.
type sharedKey struct{}

// Of returns the registry of a run.
func Of(env *kube.Env) *Registry {
	r, _ := env.Shared(sharedKey{}, func() any { return NewRegistry() }).(*Registry)
	return r
}

// Put makes a box known. The function that it returns takes it out again, unless another one has its name by then.
func (r *Registry) Put(scenario string, b *Box) (remove func()) {
	k := key{scenario, b.name}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boxes[k] = b
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.boxes[k] == b {
			delete(r.boxes, k)
		}
	}
}

// Get returns the box of that name. An error names those there are.
func (r *Registry) Get(scenario, name string) (*Box, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.boxes[key{scenario, name}]; ok {
		return b, nil
	}
	var names []string
	for other := range r.boxes {
		if other.scenario == scenario {
			names = append(names, other.name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("no sink is open; open one with receive: {listen: …} or mock: {routes: …} in a step with the id %q", name)
	}
	proposal := diag.DidYouMean(name, names)
	if proposal == "" {
		proposal = "; open are " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("no sink is called %q%s", name, proposal)
}
