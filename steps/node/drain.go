package node

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

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// draining is one drain of some nodes.
type draining struct {
	run    *step.Run
	place  *kube.Target
	config Config
	policy *settings.Policy
	nodes  []string

	left []Pod // pods that stay, with the reason

	mu    sync.Mutex // guards what is below, and the fates
	fates []*fate
	done  int
}

// fate is what becomes of one pod that has to go.
type fate struct {
	pod     corev1.Pod
	evicted bool
	gone    bool
	last    string // what is in the way
}

func (f *fate) name() string { return f.pod.Namespace + "/" + f.pod.Name }

// look finds out which pods have to go, and refuses the drain before anything is changed when one of them may not.
func (d *draining) look(ctx context.Context) error {
	d.left, d.fates = []Pod{}, nil
	var refused []string
	for _, node := range d.nodes {
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
func (d *draining) permitted() error {
	for _, f := range d.fates {
		if err := d.place.Permit(f.pod.Namespace); err != nil {
			return err
		}
	}
	return d.policy.Pods(len(d.fates))
}

// podsOn lists the pods of a node in all namespaces.
func (d *draining) podsOn(ctx context.Context, node string) ([]corev1.Pod, error) {
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

// drain evicts the pods of nodes that are cordoned, and waits until they are gone.
func (d *draining) drain(ctx context.Context) error {
	// Pods may have come before the nodes were cordoned.
	if err := d.look(ctx); err != nil {
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
	case ctx.Err() != nil:
		return d.timedOut()
	}
	return err
}

// mostAtOnce is how many evictions are sent at the same time.
const mostAtOnce = 16

// remove evicts one pod, again and again while a budget refuses, and waits for its end.
func (d *draining) remove(ctx context.Context, slots chan struct{}, f *fate) error {
	backoff := client.NewBackoff(client.Policy{})
	for f.pod.DeletionTimestamp == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		err := d.place.Evict(ctx, f.pod.Namespace, f.pod.Name, kube.Deletion{
			Change: kube.Change{Keep: d.config.Undo == "keep"}, GracePeriod: d.config.GracePeriod, UID: f.pod.UID,
		})
		<-slots
		if err == nil || apierrors.IsConflict(err) { // a conflict: another pod has the name, so this one is gone
			d.note(f, func() { f.evicted, f.last = true, "it was evicted and has not ended yet" })
			break
		}
		if ctx.Err() != nil {
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
	if !d.config.Wait {
		return nil
	}
	return d.ended(ctx, f)
}

// ended waits until a pod is gone.
func (d *draining) ended(ctx context.Context, f *fate) error {
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

func (d *draining) note(f *fate, change func()) {
	d.mu.Lock()
	change()
	d.mu.Unlock()
	d.progress()
}

func (d *draining) progress() {
	d.mu.Lock()
	text := fmt.Sprintf("%d of %d pods are gone from %s", d.done, len(d.fates), strings.Join(d.nodes, ", "))
	if i := slices.IndexFunc(d.fates, func(f *fate) bool { return !f.gone && f.last != "" }); i >= 0 {
		text += fmt.Sprintf("; %s: %s", d.fates[i].name(), d.fates[i].last)
	}
	d.mu.Unlock()
	d.run.Progress("%s", text)
}

// evicted lists the pods that were evicted, in the order in which they were found.
func (d *draining) evicted() []Pod {
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

// timedOut says which pods are still there, and why.
func (d *draining) timedOut() error {
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
	failure := step.Fail("timed out%s with %d of %d pods still on %s", after, len(reasons), len(d.fates), strings.Join(d.nodes, ", "))
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
