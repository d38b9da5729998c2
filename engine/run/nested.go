package run

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var errOver = errors.New("the scenario is over: nothing may be started or changed any more")

// nestedFailure is what a container gets when a step inside it did not pass.
type nestedFailure struct {
	id      string // of the step inside
	root    string // of the step that really failed: id, or one further inside
	failure *step.Failure
}

// Error returns the message of the failure.
func (f *nestedFailure) Error() string { return f.failure.Error() }

// Unwrap returns the failure.
func (f *nestedFailure) Unwrap() error { return f.failure }

// reply is how nested steps ended: the outputs of those that finished by their local ids, and the outcome of the first
// that did not pass.
type reply struct {
	steps map[string]any
	err   error
}

// Execute runs nested steps as a part of the scenario and waits for them. They see what the container sees, the locals,
// and the outputs of their own execution; afterwards the outputs of the last execution are visible to the scenario.
// Isolated ones see the locals and nothing of the container, and nobody else sees them.
func (h *host) Execute(ctx context.Context, b step.Block, how step.Execution) (map[string]any, error) {
	if b.Steps == nil {
		return map[string]any{}, nil
	}
	steps, ok := b.Steps.(*scenario.Block)
	if !ok {
		return nil, fmt.Errorf("a block holds a *scenario.Block; found %T", b.Steps)
	}
	h.nested.Add(1)
	defer h.nested.Add(-1)
	answer := make(chan reply, 1)
	if !h.x.send(&execute{ctx: ctx, steps: steps, how: how, container: h.node, cluster: h.cluster, namespace: h.namespace, reply: answer}) {
		return nil, errOver
	}
	select {
	case r := <-answer:
		return r.steps, r.err
	case <-h.x.over:
		return nil, errOver
	}
}

// waitsForNested reports whether the step waits for steps inside it, which are supervised themselves.
func (h *host) waitsForNested() bool { return h.nested.Load() > 0 }

// execute is the message that asks for nested steps. Their order is in their edges already, so how.Parallel has
// nothing to change here.
type execute struct {
	ctx   context.Context
	steps *scenario.Block
	how   step.Execution

	container          *node
	cluster, namespace string // of the container

	reply chan<- reply
}

func (e *execute) apply(x *execution) {
	around := e.container.block
	f, prefix := around.frame, around.prefix
	if e.how.Isolated {
		base := around.frame.shared()
		maps.Copy(base, e.how.Locals)
		f = newFrame(base)
	}
	if e.how.Name != "" {
		prefix = e.how.Name + "."
	}
	b := newBlock(e.ctx, f, prefix, e.steps)
	b.parent, b.within, b.depth = around, e.container.id, around.depth
	if e.how.Isolated {
		b.depth = around.depth + e.container.step.Depth + 1
	}
	b.cluster, b.namespace = e.cluster, e.namespace
	b.locals = maps.Clone(e.how.Locals)
	b.own = map[string]any{}
	b.usage = f.use(e.steps)
	b.reply = e.reply
	x.advance(b)
}
