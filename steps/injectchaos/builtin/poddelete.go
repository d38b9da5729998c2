package builtin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// podDelete deletes pods. It is an act, so there is nothing to take back: controllers make new pods by themselves, and
// the layer below recreates a bare pod at the end of the scenario.
type podDelete struct {
	request    driver.Request
	workloads  []*unstructured.Unstructured // whose pods are hit; none when pods are named or selected themselves
	sets       []kube.Query                 // where the pods are found, for this act and the next ones
	candidates int
	targets    []*unstructured.Unstructured
	pool       []pool
	hit        int
}

// pool is a set of pods that somebody keeps at a number.
type pool struct {
	query kube.Query
	owner string // uid of the controller; "" means all that the query matches
	name  string
	ready int // how many were ready before
}

func planPodDelete(ctx context.Context, request driver.Request) (driver.Fault, error) {
	p := &podDelete{request: request}
	sets, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	p.sets = sets
	pods, err := p.alive(ctx)
	if err != nil {
		return nil, err
	}
	p.candidates = len(pods)
	p.targets = choose(request, pods)
	return p, p.count(ctx)
}

// find returns where the pods are: those named or selected, or those of the workloads that are.
func (p *podDelete) find(ctx context.Context) ([]kube.Query, error) {
	query, err := p.request.Place.Query(ctx, p.request.Selection.Reference)
	if err != nil {
		return nil, err
	}
	if query.Mapping.Kind == "Pod" {
		return []kube.Query{query}, nil
	}
	if p.workloads, err = candidates(ctx, p.request); err != nil {
		return nil, err
	}
	var sets []kube.Query
	for _, workload := range p.workloads {
		pods, err := podsOf(ctx, p.request.Place, workload)
		if err != nil {
			return nil, err
		}
		sets = append(sets, pods)
	}
	return sets, nil
}

// alive returns the pods that can be hit now, sorted by name: those that run or wait, and are not on their way out.
func (p *podDelete) alive(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, set := range p.sets {
		err := p.request.Place.Watch(ctx, set, func(shot kube.Snapshot) (bool, error) {
			for _, pod := range shot.Objects {
				phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
				if pod.GetDeletionTimestamp() == nil && phase != "Succeeded" && phase != "Failed" {
					out = append(out, pod)
				}
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return slices.CompactFunc(out, func(a, b *unstructured.Unstructured) bool { return a.GetUID() == b.GetUID() }), nil
}

// count notes how many pods are ready beside each target, so that the recovery can be seen. Nobody replaces a bare pod.
func (p *podDelete) count(ctx context.Context) error {
	seen := map[string]bool{}
	for _, pod := range p.targets {
		owner := ownerOf(pod)
		if owner.UID == "" || seen[string(owner.UID)] {
			continue
		}
		seen[string(owner.UID)] = true
		query, err := p.request.Place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: pod.GetNamespace()})
		if err != nil {
			return err
		}
		// A rollout in between gives the pods another ReplicaSet, so the pods of a workload are told by its selector.
		group := pool{query: query, owner: string(owner.UID), name: owner.Kind + "/" + owner.Name}
		if set, ok := p.setOf(pod); ok {
			group = pool{query: set, name: p.request.Selection.Reference.String()}
			seen[string(owner.UID)] = true
		}
		err = p.request.Place.Watch(ctx, group.query, func(shot kube.Snapshot) (bool, error) {
			group.ready = group.readyIn(shot)
			return true, nil
		})
		if err != nil {
			return err
		}
		p.pool = append(p.pool, group)
	}
	return nil
}

// setOf returns the set of a workload that a pod belongs to.
func (p *podDelete) setOf(pod *unstructured.Unstructured) (kube.Query, bool) {
	i := slices.IndexFunc(p.sets, func(q kube.Query) bool { return q.Name == "" && q.Labels != nil && q.Matches(pod) })
	if i < 0 {
		return kube.Query{}, false
	}
	return p.sets[i], true
}

func (g pool) readyIn(shot kube.Snapshot) int {
	n := 0
	for _, pod := range shot.Objects {
		ours := g.owner == "" || string(ownerOf(pod).UID) == g.owner
		if ours && pod.GetDeletionTimestamp() == nil && condition(pod, "Ready") == "True" {
			n++
		}
	}
	return n
}

// Targets are the pods of the first act.
func (p *podDelete) Targets() []driver.Object { return describeAll(p.targets) }

// Candidates is how many pods there were to choose from.
func (p *podDelete) Candidates() int { return p.candidates }

// Inject deletes the pods of the first act.
func (p *podDelete) Inject(ctx context.Context) error { return p.delete(ctx, p.targets) }

func (p *podDelete) delete(ctx context.Context, pods []*unstructured.Unstructured) error {
	for _, pod := range pods {
		deletion := kube.Deletion{UID: pod.GetUID()}
		if _, given := p.request.Parameters["gracePeriod"]; given {
			grace := p.request.Parameters.Duration("gracePeriod")
			deletion.GracePeriod = &grace
		}
		ref := kube.Ref{APIVersion: "v1", Kind: "pods", Name: pod.GetName(), Namespace: pod.GetNamespace()}
		_, err := p.request.Place.Delete(ctx, ref, deletion)
		if apierrors.IsConflict(err) {
			continue // another pod has its name by now, which is not the one that was to be hit
		}
		if err != nil {
			return err
		}
		p.hit++
	}
	return nil
}

// Proof waits until the pods are gone, or others have their names.
func (p *podDelete) Proof(ctx context.Context) error { return p.gone(ctx, p.targets) }

func (p *podDelete) gone(ctx context.Context, pods []*unstructured.Unstructured) error {
	var sights []sight
	for _, pod := range pods {
		query, err := queryOf(ctx, p.request.Place, pod)
		if err != nil {
			return err
		}
		sights = append(sights, sight{query, func(shot kube.Snapshot) (bool, string) {
			return shot.Object == nil || shot.Object.GetUID() != pod.GetUID(), fmt.Sprintf("%s is still there", describe(pod))
		}})
	}
	return await(ctx, p.request, sights)
}

// Hold goes on deleting at the interval until the duration is over. An act that finds no pod is left out.
func (p *podDelete) Hold(ctx context.Context) error {
	end := time.Now().Add(p.request.Duration)
	for {
		left := time.Until(end)
		if p.request.Interval == 0 || p.request.Interval > left {
			return pause(ctx, max(0, left))
		}
		if err := pause(ctx, p.request.Interval); err != nil {
			return err
		}
		pods, err := p.alive(ctx)
		if err != nil {
			return err
		}
		pods = choose(p.request, pods)
		if err := p.delete(ctx, pods); err != nil {
			return err
		}
		p.request.Run.Progress("pod-delete has hit %d pods", p.hit)
		if err := p.gone(ctx, pods); err != nil {
			return err
		}
	}
}

// Remove has nothing to take back.
func (p *podDelete) Remove(context.Context) error { return nil }

// Gone waits until as many pods are ready as before, and until the workloads report so.
func (p *podDelete) Gone(ctx context.Context) error {
	if err := p.replaced(ctx); err != nil {
		return err
	}
	var sights []sight
	for _, workload := range p.workloads {
		if workload.GetKind() == "Service" {
			continue // it reports nothing of its pods
		}
		query, err := queryOf(ctx, p.request.Place, workload)
		if err != nil {
			return err
		}
		sights = append(sights, sight{query, readyAgain(workload)})
	}
	return await(ctx, p.request, sights)
}

func (p *podDelete) replaced(ctx context.Context) error {
	var sights []sight
	for _, group := range p.pool {
		sights = append(sights, sight{group.query, func(shot kube.Snapshot) (bool, string) {
			n := group.readyIn(shot)
			return n >= group.ready, fmt.Sprintf("%d of %d pods of %s are ready again", n, group.ready, group.name)
		}})
	}
	return await(ctx, p.request, sights)
}

// Result says how many pods were deleted.
func (p *podDelete) Result() driver.Result { return driver.Result{Hit: p.hit} }
