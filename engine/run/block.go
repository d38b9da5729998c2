package run

import (
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/graph"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// block is a list of steps on its way: the steps of a scenario, its finally block, or one execution of the steps inside
// a container. Only the scenario's goroutine touches it.
type block struct {
	ctx    context.Context // its steps run in it; ended by whatever ends the block
	nodes  []*node
	ready  graph.Queue   // positions of nodes that can start
	open   int           // nodes that have not finished
	story  int           // those of them that are not in the background
	active int           // nodes that run
	spoilt bool          // a node that has finished spoils the block
	final  bool          // a finally block: order alone holds nothing up
	alone  chan struct{} // closed when no node of the story is left

	frame     *frame
	prefix    string // of the ids of its steps
	cluster   string // that its steps work on unless they name another
	namespace string // that its steps work in unless they name another

	depth  int    // of its steps when they stand at the top of their file
	within string // id of the container that executes it

	parent *block // of that container; nil at the top
	locals eval.Scope
	own    map[string]any // outputs of its steps and of those inside them, for nested blocks
	usage  *usage         // of the scenario's block that it executes, for nested blocks
	reply  chan<- reply   // to the container
}

// node is a step on its way.
type node struct {
	step    *scenario.Step
	id      string // unique in the scenario: that of the step, with a prefix inside containers that give one
	cluster string // that it works on, as far as it is known when it starts; "" is the default one
	title   string // with the values that the step started with; "" when it holds none, or none are known
	block   *block
	index   int
	waits   int     // what has not happened yet of what it waits for
	next    []*node // wait for its end
	nextTo  []*node // wait for its start
	needs   map[*scenario.Step]bool
	after   []*node // must have finished
	beside  []*node // must have started
	started bool    // or will never start
	ran     bool    // a worker was started
	result  *result // nil until it has finished
	carried *result // how it would have been skipped, had it not been marked always
	cancel  context.CancelCauseFunc
}

// newBlock prepares the steps of a block. Nothing is started yet.
func newBlock(ctx context.Context, f *frame, prefix string, steps *scenario.Block) *block {
	b := &block{ctx: ctx, frame: f, prefix: prefix, open: len(steps.Steps), nodes: make([]*node, len(steps.Steps))}
	index := make(map[*scenario.Step]*node, len(steps.Steps))
	for i, s := range steps.Steps {
		b.nodes[i] = &node{step: s, id: prefix + s.ID, block: b, index: i}
		index[s] = b.nodes[i]
		if !s.Background {
			b.story++
		}
	}
	b.alone = make(chan struct{})
	if b.story == 0 {
		close(b.alone)
	}
	for _, n := range b.nodes {
		n.link(index)
		if n.waits == 0 {
			b.ready.Push(n.index)
		}
	}
	return b
}

// link connects n with the steps that it waits for.
func (n *node) link(index map[*scenario.Step]*node) {
	n.needs = make(map[*scenario.Step]bool, len(n.step.Needs))
	seen := make(map[*node]bool, len(n.step.After)+len(n.step.Needs))
	add := func(s *scenario.Step) {
		if first := index[s]; first != nil && !seen[first] {
			seen[first] = true
			first.next = append(first.next, n)
			n.after = append(n.after, first)
			n.waits++
		}
	}
	for _, s := range n.step.After {
		add(s)
	}
	for _, s := range n.step.Needs {
		n.needs[s] = true
		add(s)
	}
	for _, s := range n.step.AfterStart {
		if first := index[s]; first != nil && !seen[first] {
			seen[first] = true
			first.nextTo = append(first.nextTo, n)
			n.beside = append(n.beside, first)
			n.waits++
		}
	}
}

// advance starts every node that can start, in document order, and ends the block when nothing is left.
func (x *execution) advance(b *block) {
	for b.ready.Len() > 0 {
		x.begin(b.nodes[b.ready.Pop()])
	}
	if b.active == 0 && b.open > 0 {
		x.breakDeadlock(b)
	}
	if b.open > 0 {
		b.cancelBackground()
		return
	}
	if b.reply != nil {
		b.usage.active--
		b.reply <- reply{steps: b.own, err: b.outcome()}
		b.reply = nil
	}
}

// begin starts n, or finishes it as skipped.
func (x *execution) begin(n *node) {
	if r := n.hindered(); r != nil {
		x.finish(n, r)
		return
	}
	x.launch(n)
	n.start()
}

// start tells those that wait for the start of n.
func (n *node) start() {
	if n.started {
		return
	}
	n.started = true
	for _, next := range n.nextTo {
		next.satisfied()
	}
}

// satisfied counts one thing less to wait for.
func (n *node) satisfied() {
	if n.waits--; n.waits == 0 {
		n.block.ready.Push(n.index)
	}
}

// finish records how n ended and tells those that wait for it.
func (x *execution) finish(n *node, r *result) {
	n.result = r
	b := n.block
	b.open--
	if !n.step.Background {
		if b.story--; b.story == 0 {
			close(b.alone)
		}
	}
	if r.abort && x.endSteps != nil {
		x.aborted = true
		x.endSteps(&stop{verdict: step.Skipped, message: "aborted because of " + r.root, root: r.root})
	}
	b.spoilt = b.spoilt || r.spoils()
	values := valuesOf(r)
	for at := b; at.parent != nil && at.frame == b.frame; at = at.parent {
		at.own[n.step.ID] = values
	}
	b.frame.finished.add(n.step.ID, values)
	x.reportFinished(n, r)
	n.start()
	for _, next := range n.next {
		next.satisfied()
	}
}

// cancelBackground ends background steps that nobody waits for any more once the block is known not to be green.
func (b *block) cancelBackground() {
	if !b.spoilt || b.story > 0 {
		return
	}
	root := b.culprit().result.root
	for _, n := range b.nodes {
		if n.result == nil && n.cancel != nil && !n.step.Companion {
			n.cancel(&stop{verdict: step.Skipped, message: "cancelled because of " + root, root: root})
		}
	}
}

// breakDeadlock finishes nodes that wait for each other. The checks of a scenario refuse cycles, so this only happens
// to scenarios that were not checked; they must not hang.
func (x *execution) breakDeadlock(b *block) {
	for _, n := range b.nodes {
		if n.result == nil {
			x.finish(n, &result{
				Result: journal.Result{Verdict: step.Errored, Message: "never became ready: the steps that it waits for form a cycle"},
				root:   n.id,
			})
		}
	}
	b.ready = graph.Queue{}
}

// launch starts the worker of n.
func (x *execution) launch(n *node) {
	b := n.block
	b.active++
	n.ran = true
	scope, held := b.frame.scopeOf(b)
	n.title, n.cluster = titleIn(n.step, scope), n.clusterIn(scope)
	x.reportStarted(n)
	ctx, cancel := context.WithCancelCause(b.ctx)
	n.cancel = cancel
	c := &call{node: n, scope: scope, attempt: 1}
	c.host = &host{x: x, node: n}
	x.workers.Go(func() {
		defer cancel(nil)
		start := time.Now()
		outputs, err := x.wrapped(n.step)(ctx, c)
		x.send(&workDone{call: c, held: held, outputs: outputs, err: err, took: time.Since(start)})
	})
}

// workDone is the message that a step has ended.
type workDone struct {
	call    *call
	held    *generation
	outputs map[string]any
	err     error
	took    time.Duration
}

func (d *workDone) apply(x *execution) {
	n := d.call.node
	n.block.active--
	d.call.host.ended.Store(true)
	if d.held != nil && !d.call.host.pinned.Load() {
		n.block.frame.finished.release(d.held)
	}
	x.finish(n, d.result())
	x.advance(n.block)
}
