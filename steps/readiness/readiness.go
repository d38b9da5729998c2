// Package readiness is the wait that deploy, scale and rollout share: until objects are ready, or until one is in a state
// that waiting does not cure. It explains what it saw.
//
// It is no step. What ready means is the part of steps/kube/ready.
package readiness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// Check reports a name in `tolerate:` that is no state.
func Check(c []string, p *step.Problems) {
	var names []string
	for _, reason := range ready.Terminal() {
		names = append(names, string(reason))
	}
	for i, name := range c {
		if name != "" && !slices.Contains(names, name) {
			p.At(fmt.Sprintf("tolerate.%d", i), "%q is not a state that ends a wait%s", name, diag.DidYouMean(name, names))
		}
	}
}

// Wait returns when all objects are ready. objects are as the server returned them after the change; those that are ready
// already cost nothing. tolerate names states that do not end the wait.
func Wait(ctx context.Context, run *step.Run, place *kube.Target, tolerate []string, objects ...*unstructured.Unstructured) error {
	w := &wait{run: run, place: place, total: len(objects)}
	for _, name := range tolerate {
		w.tolerate = append(w.tolerate, ready.Reason(name))
	}
	for _, object := range objects {
		if state := ready.Of(object); !state.Ready {
			w.pending = append(w.pending, &pending{object: object, last: state})
		}
	}
	if len(w.pending) == 0 {
		return nil
	}
	w.progress()
	return w.all(ctx)
}

// wait is one use of Wait.
type wait struct {
	run      *step.Run
	place    *kube.Target
	tolerate []ready.Reason
	total    int

	mu      sync.Mutex // guards what is below, in pending too
	pending []*pending
	shown   string
}

// pending is an object that was not ready at first.
type pending struct {
	object *unstructured.Unstructured // as seen last
	last   ready.Status
	err    error
}

func (p *pending) String() string {
	return fmt.Sprintf("%s %s: %s", p.object.GetKind(), p.object.GetName(), p.last.Message)
}

// errOver ends the waits for the other objects when one can't become ready.
var errOver = errors.New("another object can't become ready")

func (w *wait) all(ctx context.Context) error {
	together, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, p := range w.pending {
		group.Go(func() {
			err := w.one(together, p)
			w.mu.Lock()
			p.err = err
			w.mu.Unlock()
			if err != nil {
				cancel(errOver)
			}
		})
	}
	group.Wait()
	return w.outcome(ctx)
}

// outcome chooses the error that says most: a state that does not heal, then an error, then the end of the time.
func (w *wait) outcome(ctx context.Context) error {
	var first error
	for _, p := range w.pending {
		if _, terminal := errors.AsType[*step.Failure](p.err); terminal {
			return p.err
		}
		if first == nil && p.err != nil && !errors.Is(p.err, errOver) && !errors.Is(p.err, context.Canceled) {
			first = p.err
		}
	}
	switch {
	case step.Interrupted(ctx):
		return ctx.Err()
	case ctx.Err() != nil:
		return w.timedOut(ctx)
	}
	return first
}

// one waits for one object, with a look at what keeps it from becoming ready beside.
func (w *wait) one(ctx context.Context, p *pending) error {
	query, err := w.place.Query(ctx, kube.Ref{
		APIVersion: p.object.GetAPIVersion(), Kind: p.object.GetKind(), Name: p.object.GetName(), Namespace: p.object.GetNamespace(),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var finding *explain.Finding
	var findingErr error
	var beside sync.WaitGroup
	beside.Go(func() {
		finding, findingErr = explain.Terminal(ctx, w.place, query, explain.Options{Tolerate: w.tolerate})
		if finding != nil || findingErr != nil {
			cancel()
		}
	})
	err = w.place.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		return w.saw(p, shot.Object), nil
	})
	cancel()
	beside.Wait()
	switch {
	case err == nil:
		return nil
	case finding != nil:
		return w.hopeless(ctx, p, finding)
	case findingErr != nil:
		return findingErr
	}
	return err
}

// saw takes a look at an object and reports whether it is ready.
func (w *wait) saw(p *pending, object *unstructured.Unstructured) bool {
	w.mu.Lock()
	if object != nil {
		p.object = object
	}
	p.last = ready.Of(object)
	w.mu.Unlock()
	w.progress()
	return p.last.Ready
}

func (w *wait) progress() {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.left()
	if len(left) == 0 {
		return
	}
	text := left[0].String()
	if w.total > 1 {
		text = fmt.Sprintf("%d of %d ready; %s", w.total-len(left), w.total, text)
	}
	if text != w.shown {
		w.shown = text
		w.run.Progress("%s", text)
	}
}

// left returns the objects that are not ready; w.mu is held.
func (w *wait) left() []*pending {
	return slices.DeleteFunc(slices.Clone(w.pending), func(p *pending) bool { return p.last.Ready })
}

// hopeless is the failure for an object that waiting does not make ready.
func (w *wait) hopeless(ctx context.Context, p *pending, finding *explain.Finding) error {
	name := p.object.GetKind() + " " + p.object.GetName()
	story := explain.Tell(ctx, w.place, p.object)
	text := finding.String()
	if finding.Object == name {
		text = finding.Text
		if story.Cause != "" {
			text += "; " + story.Cause
		}
	}
	failure := step.Fail("%s will not become ready: %s", name, text)
	failure.With("to wait all the same", fmt.Sprintf("tolerate: [%s]", finding.Reason))
	failure.Sections = story.Sections
	return failure
}

// mostExplained is how many objects a timeout explains; the others are named.
const mostExplained = 3

func (w *wait) timedOut(ctx context.Context) error {
	w.mu.Lock()
	left := w.left()
	w.mu.Unlock()
	after := ""
	if w.run.Timeout > 0 {
		after = fmt.Sprintf(" after %s", w.run.Timeout)
	}
	failure := step.Fail("timed out%s with %d of %d objects ready", after, w.total-len(left), w.total)
	for i, p := range left {
		name, state := p.object.GetKind()+" "+p.object.GetName(), p.last.Message
		if i < mostExplained {
			story := explain.Tell(ctx, w.place, p.object)
			state = cmp.Or(story.Cause, state)
			failure.Sections = append(failure.Sections, story.Sections...)
		}
		if w.total == 1 {
			failure.Message = fmt.Sprintf("timed out%s: %s is not ready: %s", after, name, state)
			break
		}
		failure.With(name, state)
	}
	return failure
}
