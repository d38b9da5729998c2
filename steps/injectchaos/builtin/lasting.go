package builtin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// hit is one target of a lasting fault.
type hit struct {
	object *unstructured.Unstructured
	// edits returns what is to be changed, from the present content.
	edits       func(content map[string]any) ([]edit, error)
	subresource string
	stuck       string
	awaitReady  bool
	// proof and gone say when the effect is there and when it is no longer.
	proof, gone sight

	entry step.Entry
}

// sight is a wait for something to be seen.
type sight struct {
	query kube.Query
	// look reports whether it is seen and what is there, for people.
	look func(kube.Snapshot) (seen bool, what string)
}

// lasting is a fault that stays until it is taken back.
type lasting struct {
	request    driver.Request
	candidates int
	hits       []*hit
}

// Targets are what will be hit.
func (l *lasting) Targets() []driver.Object {
	out := make([]driver.Object, len(l.hits))
	for i, h := range l.hits {
		out[i] = describe(h.object)
	}
	return out
}

// Candidates is how many objects there were to choose from.
func (l *lasting) Candidates() int { return l.candidates }

// Inject edits every target, each after its undo is in the ledger.
func (l *lasting) Inject(ctx context.Context) error {
	for _, h := range l.hits {
		if err := l.inject(ctx, h); err != nil {
			return fmt.Errorf("inject %s into %s: %w", l.request.Experiment.Name, describe(h.object), err)
		}
	}
	return nil
}

// inject makes the edits of one target. When somebody changed the fields meanwhile, the ledger entry would restore the
// wrong values, so it is struck out and written anew.
func (l *lasting) inject(ctx context.Context, h *hit) error {
	var err error
	for range attempts {
		var again bool
		if again, err = l.injectOnce(ctx, h); !again {
			break
		}
	}
	return err
}

func (l *lasting) injectOnce(ctx context.Context, h *hit) (again bool, err error) {
	e := l.edited(h)
	_, content, err := read(ctx, l.request.Place, e)
	if err != nil {
		return false, err
	}
	if e.Edits, err = h.edits(content); err != nil {
		return false, err
	}
	recorded := e
	recorded.Edits = nil
	for _, edit := range e.Edits {
		recorded.Edits = append(recorded.Edits, edit.recorded())
	}
	if h.entry, err = l.request.Run.Record(ctx, undoRevert, recorded); err != nil {
		return false, err
	}
	var operations []operation
	for _, edit := range e.Edits {
		operations = append(operations, edit.apply(content)...)
	}
	if _, err = patch(ctx, l.request.Place, e, operations); err == nil || !isStatus(err) {
		return false, err
	}
	forget := h.entry.Forget(ctx)
	h.entry = nil
	return forget == nil && l.changed(ctx, e, operations), errors.Join(err, forget)
}

// changed reports whether the fields of e, or what holds them, differ from what they were, so that another attempt makes
// sense.
func (l *lasting) changed(ctx context.Context, e edited, before []operation) bool {
	_, content, err := read(ctx, l.request.Place, e)
	if err != nil {
		return false
	}
	var now []operation
	for _, edit := range e.Edits {
		_, value, there := locate(content, edit.Path)
		if there != edit.Had || there && !same(value, edit.Before) {
			return true
		}
		now = append(now, edit.apply(content)...)
	}
	return !same(before, now)
}

func (l *lasting) edited(h *hit) edited {
	return edited{
		origin: originOf(l.request.Place), APIVersion: h.object.GetAPIVersion(), Kind: h.object.GetKind(), Namespace: h.object.GetNamespace(), Name: h.object.GetName(),
		UID: h.object.GetUID(), Subresource: h.subresource, Stuck: h.stuck, AwaitReady: h.awaitReady,
	}
}

// Proof waits until the effect is seen on every target.
func (l *lasting) Proof(ctx context.Context) error {
	return l.await(ctx, func(h *hit) sight { return h.proof })
}

// Gone waits until the effect is seen on no target any more.
func (l *lasting) Gone(ctx context.Context) error {
	return l.await(ctx, func(h *hit) sight { return h.gone })
}

func (l *lasting) await(ctx context.Context, choose func(*hit) sight) error {
	sights := make([]sight, len(l.hits))
	for i, h := range l.hits {
		sights[i] = choose(h)
	}
	return await(ctx, l.request, sights)
}

// await waits for all sights at the same time. The error of a wait that came to its end holds what was seen last.
func await(ctx context.Context, request driver.Request, sights []sight) error {
	group, together := errgroup.WithContext(ctx)
	for _, s := range sights {
		group.Go(func() error { return s.await(together, request) })
	}
	return group.Wait()
}

func (s sight) await(ctx context.Context, request driver.Request) error {
	last := "nothing was seen yet"
	err := request.Place.Watch(ctx, s.query, func(shot kube.Snapshot) (bool, error) {
		seen, what := s.look(shot)
		if what != last && !seen {
			request.Run.Progress("%s", what)
		}
		last = what
		return seen, nil
	})
	if err != nil && ctx.Err() != nil {
		return &driver.Unseen{Last: last, Cause: err}
	}
	return err
}

// Hold keeps the fault up for its duration.
func (l *lasting) Hold(ctx context.Context) error {
	l.request.Run.Progress("%s holds for %s", l.request.Experiment.Name, l.request.Duration)
	return pause(ctx, l.request.Duration)
}

func pause(ctx context.Context, d time.Duration) error { return client.Wait(ctx, d) }

// Remove takes the fault back from every target, the last one first.
func (l *lasting) Remove(ctx context.Context) error {
	for _, h := range slices.Backward(l.hits) {
		if h.entry == nil {
			continue
		}
		if err := h.entry.Undo(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Result says how many objects were hit.
func (l *lasting) Result() driver.Result {
	number := 0
	for _, h := range l.hits {
		if h.entry != nil {
			number++
		}
	}
	return driver.Result{Hit: number}
}

// candidates returns the objects that a selection means, sorted by namespace and name. A named object that does not
// exist is none.
func candidates(ctx context.Context, request driver.Request) ([]*unstructured.Unstructured, error) {
	ref := request.Selection.Reference
	if ref.Name == "" {
		objects, err := request.Place.List(ctx, ref)
		slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int {
			return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
		})
		return objects, err
	}
	object, err := request.Place.Get(ctx, ref)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{object}, nil
}

// choose returns as many of the candidates as the selection asks for, the first ones by name.
func choose(request driver.Request, objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	return objects[:request.Selection.Number(request.Experiment, len(objects))]
}

// queryOf returns the query for one object.
func queryOf(ctx context.Context, place *kube.Target, object *unstructured.Unstructured) (kube.Query, error) {
	return place.Query(ctx, kube.Ref{
		APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Name: object.GetName(), Namespace: object.GetNamespace(),
	})
}

// podsOf returns the query for the pods of a workload.
func podsOf(ctx context.Context, place *kube.Target, workload *unstructured.Unstructured) (kube.Query, error) {
	selector, err := podSelector(workload)
	if err != nil {
		return kube.Query{}, err
	}
	query, err := place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: workload.GetNamespace()})
	query.Labels = selector
	return query, err
}

// hitChosen makes the fault that hits those of the candidates that the selection chooses, each as hitOf says.
func hitChosen(ctx context.Context, request driver.Request, objects []*unstructured.Unstructured, hitOf func(context.Context, driver.Request, *unstructured.Unstructured) (*hit, error)) (driver.Fault, error) {
	fault := &lasting{request: request, candidates: len(objects)}
	for _, object := range choose(request, objects) {
		h, err := hitOf(ctx, request, object)
		if err != nil {
			return nil, err
		}
		fault.hits = append(fault.hits, h)
	}
	return fault, nil
}
