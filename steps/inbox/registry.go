package inbox

import (
	"fmt"
	"slices"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Registry holds what belongs to the servers that are open, by the scenario and the step that opened them: scenarios that
// run at the same time have servers of the same name. It is safe for concurrent use.
type Registry[T any] struct {
	what  string // "sink"
	how   string // to open one
	mu    sync.Mutex
	items map[key]*T
}

type key struct{ scenario, name string }

// NewRegistry returns an empty registry. what and how say in messages what it holds, and how one is opened.
func NewRegistry[T any](what, how string) *Registry[T] {
	return &Registry[T]{what: what, how: how, items: map[key]*T{}}
}

// sharedKey is under what a run keeps its boxes.
type sharedKey struct{}

// Of returns the boxes of a run.
func Of(env *kube.Env) *Registry[Box] {
	r, _ := env.Shared(sharedKey{}, func() any {
		return NewRegistry[Box]("sink", "receive: {listen: …} or mock: {routes: …}")
	}).(*Registry[Box])
	return r
}

// Put makes an item known under the id of the step that runs. The function that it returns takes it out again, unless
// another one has its name by then.
func (r *Registry[T]) Put(run *step.Run, item *T) (remove func()) {
	k := key{run.Scenario.ID, run.ID}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[k] = item
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.items[k] == item {
			delete(r.items, k)
		}
	}
}

// Get returns the item that a name means in the step that runs. An error names those there are.
func (r *Registry[T]) Get(run *step.Run, name string) (*T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, candidate := range around(run.ID, name) {
		if item, ok := r.items[key{run.Scenario.ID, candidate}]; ok {
			return item, nil
		}
	}
	var names []string
	for other := range r.items {
		if other.scenario == run.Scenario.ID {
			names = append(names, other.name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("no %s is open; open one with %s in a step with the id %q", r.what, r.how, name)
	}
	return nil, fmt.Errorf("no %s is called %q%s", r.what, name, proposal(name, names))
}
