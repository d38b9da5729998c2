// Package drain evicts the pods of nodes as kubectl drain does: by the eviction API, with respect for disruption budgets,
// without the pods that would come back to the node at once, and not at all when something would be lost that nobody makes
// again.
//
// It is no step, and it does not cordon: who drains a node cordons it first, with an undo of their own.
package drain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// Options say what to drain, and what may be lost by it.
type Options struct {
	Nodes          []string
	Force          bool // also pods that no controller makes again
	DeleteEmptyDir bool // also pods with emptyDir volumes
	Wait           bool // until the pods are gone
	Keep           bool // pods without a controller are not made again at the end
	GracePeriod    *time.Duration
	// Permit, when given, is asked whether so many pods may go.
	Permit func(pods int) error
}

// Pod is a pod of a node that is drained.
type Pod struct {
	Name      string `expr:"name" doc:"Name of the pod."`
	Namespace string `expr:"namespace" doc:"Namespace of the pod."`
	Node      string `expr:"node" doc:"The node."`
	Reason    string `expr:"reason" doc:"Why it was left there; empty for a pod that was evicted."`
}

// Drain is one drain of some nodes.
type Drain struct {
	run     *step.Run
	place   *kube.Target
	options Options

	left []Pod // pods that stay, with the reason

	mu    sync.Mutex // guards what is below, and the fates
	fates []*fate
	done  int
	lost  error // of a request that the server never answered
}

// New returns a drain that has not begun.
func New(run *step.Run, place *kube.Target, options Options) *Drain {
	return &Drain{run: run, place: place, options: options, left: []Pod{}}
}

// fate is what becomes of one pod that has to go.
type fate struct {
	pod     corev1.Pod
	evicted bool
	gone    bool
	last    string // what is in the way
}

func (f *fate) name() string { return f.pod.Namespace + "/" + f.pod.Name }

// Look finds out which pods have to go, and refuses the drain before anything is changed when one of them may not.
func (d *Drain) Look(ctx context.Context) error {
	d.left, d.fates = []Pod{}, nil
	var refused []string
	for _, node := range d.options.Nodes {
		found, err := d.podsOn(ctx, node)
		if err != nil {
			return err
		}
		for _, pod := range found {
			judgement, err := d.judge(ctx, pod)
			if err != nil {
				return err
			}
			switch {
			case judgement.refuse != "":
				refused = append(refused, fmt.Sprintf("pod %s/%s on %s %s", pod.Namespace, pod.Name, node, judgement.refuse))
			case judgement.leave != "":
				d.left = append(d.left, Pod{Name: pod.Name, Namespace: pod.Namespace, Node: node, Reason: judgement.leave})
			default:
				d.fates = append(d.fates, &fate{pod: pod})
			}
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("the drain would lose what nobody brings back, so nothing was done: %s", strings.Join(refused, "; "))
	}
	return d.permitted()
}

// permitted asks the policy about the pods that have to go.
func (d *Drain) permitted() error {
	for _, f := range d.fates {
		if err := d.place.Permit(f.pod.Namespace); err != nil {
			return err
		}
	}
	if d.options.Permit == nil {
		return nil
	}
	return d.options.Permit(len(d.fates))
}

// podsOn lists the pods of a node in all namespaces.
func (d *Drain) podsOn(ctx context.Context, node string) ([]corev1.Pod, error) {
	response, err := d.place.Cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: "/api/v1/pods", Query: url.Values{"fieldSelector": {"spec.nodeName=" + node}},
	})
	if err != nil {
		return nil, fmt.Errorf("list the pods on node %s: %w", node, err)
	}
	var list corev1.PodList
	if err := json.Unmarshal(response.Body, &list); err != nil {
		return nil, fmt.Errorf("read the pods on node %s: %w", node, err)
	}
	return list.Items, nil
}

// Evict evicts the pods of nodes that are cordoned, and waits until they are gone.
func (d *Drain) Evict(ctx context.Context) error {
	// Pods may have come before the nodes were cordoned.
	if err := d.Look(ctx); err != nil {
		return err
	}
	d.progress()
	together, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	slots := make(chan struct{}, mostAtOnce)
	for _, f := range d.fates {
		group.Go(func() {
			if err := d.remove(together, slots, f); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	err := context.Cause(together)
	switch {
	case step.Interrupted(ctx):
		return ctx.Err()
	case d.lost != nil:
		return fmt.Errorf("the server did not answer while draining %s, so it is not known what is still there: %w", strings.Join(d.options.Nodes, ", "), d.lost)
	case ctx.Err() != nil:
		return d.timedOut()
	}
	return err
}

// mostAtOnce is how many evictions are sent at the same time.
const mostAtOnce = 16

// remove evicts one pod, again and again while a budget refuses, and waits for its end.
func (d *Drain) remove(ctx context.Context, slots chan struct{}, f *fate) error {
	backoff := client.NewBackoff(client.Policy{})
	for f.pod.DeletionTimestamp == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		err := d.place.Evict(ctx, f.pod.Namespace, f.pod.Name, kube.Deletion{
			Change: kube.Change{Keep: d.options.Keep}, GracePeriod: d.options.GracePeriod, UID: f.pod.UID,
		})
		<-slots
		if err == nil || apierrors.IsConflict(err) { // a conflict: another pod has the name, so this one is gone
			d.note(f, func() { f.evicted, f.last = true, "it was evicted and has not ended yet" })
			break
		}
		if ctx.Err() != nil {
			d.unanswered(err)
			return nil
		}
		if !kube.IsDisruptionBudget(err) {
			return err
		}
		d.note(f, func() { f.last = budget(err) })
		if client.Wait(ctx, backoff.Failed(nil)) != nil || d.allowed(ctx, f.pod) != nil {
			return nil
		}
	}
	if !d.options.Wait {
		return nil
	}
	return d.ended(ctx, f)
}

// unanswered keeps the error of a request that was tried until the time was over: then it is not known what is in the way.
func (d *Drain) unanswered(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil && kube.Transient(err) {
		d.lost = err
	}
}

// ended waits until a pod is gone.
func (d *Drain) ended(ctx context.Context, f *fate) error {
	query, err := d.place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: f.pod.Namespace, Name: f.pod.Name})
	if err == nil {
		err = d.place.Gone(ctx, query, f.pod.UID)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		d.note(f, func() { f.gone = true; d.done++ })
	}
	return err
}

func (d *Drain) note(f *fate, change func()) {
	d.mu.Lock()
	change()
	d.mu.Unlock()
	d.progress()
}

func (d *Drain) progress() {
	d.mu.Lock()
	text := fmt.Sprintf("%d of %d pods are gone from %s", d.done, len(d.fates), strings.Join(d.options.Nodes, ", "))
	if i := slices.IndexFunc(d.fates, func(f *fate) bool { return !f.gone && f.last != "" }); i >= 0 {
		text += fmt.Sprintf("; %s: %s", d.fates[i].name(), d.fates[i].last)
	}
	d.mu.Unlock()
	d.run.Progress("%s", text)
}

// Evicted lists the pods that were evicted, in the order in which they were found.
func (d *Drain) Evicted() []Pod {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Pod{}
	for _, f := range d.fates {
		if f.evicted {
			out = append(out, Pod{Name: f.pod.Name, Namespace: f.pod.Namespace, Node: f.pod.Spec.NodeName})
		}
	}
	return out
}

// Left lists the pods that stay on the nodes, with the reason.
func (d *Drain) Left() []Pod { return d.left }

// Pods is how many pods have to go, as far as Look has seen.
func (d *Drain) Pods() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.fates)
}

// timedOut says which pods are still there, and why.
func (d *Drain) timedOut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	after, reasons := "", []string(nil)
	if d.run.Timeout > 0 {
		after = " after " + d.run.Timeout.String()
	}
	for _, f := range d.fates {
		if f.gone {
			continue
		}
		last := f.last
		if last == "" {
			last = "it is being deleted and has not ended yet"
		}
		reasons = append(reasons, fmt.Sprintf("pod %s on %s: %s", f.name(), f.pod.Spec.NodeName, last))
	}
	failure := step.Fail("timed out%s with %d of %d pods still on %s", after, len(reasons), len(d.fates), strings.Join(d.options.Nodes, ", "))
	if len(reasons) > 0 {
		failure.Message += ": " + reasons[0]
	}
	return failure.Explain("what is in the way", reasons...)
}

// budget says which disruption budget refuses an eviction, in the server's words.
func budget(err error) string {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return err.Error()
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == "DisruptionBudget" && cause.Message != "" {
			return cause.Message
		}
	}
	return status.ErrStatus.Message
}
