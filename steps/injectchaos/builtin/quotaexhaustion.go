package builtin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// quotas are quotas that leave no room for new pods, one in each namespace that is hit. Pods that are there stay.
type quotas struct {
	request    driver.Request
	candidates int
	namespaces []*unstructured.Unstructured
	objects    []*unstructured.Unstructured
	entries    []step.Entry
}

// planQuotaExhaustion hits the namespace of the scenario unless others are meant.
func planQuotaExhaustion(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "Namespace"); err != nil {
		return nil, err
	}
	if ref := &request.Selection.Reference; ref.Name == "" && ref.Selector == "" && len(ref.Labels) == 0 {
		ref.Name = request.Place.Namespace
	}
	found, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(o *unstructured.Unstructured) bool { return o.GetDeletionTimestamp() != nil })
	q := &quotas{request: request, candidates: len(found), namespaces: choose(request, found)}
	for _, namespace := range q.namespaces {
		hard := map[string]any{"pods": fmt.Sprint(request.Parameters.Whole("pods"))}
		q.objects = append(q.objects, seed(request, "v1", "ResourceQuota", namespace.GetName(), map[string]any{"hard": hard}))
	}
	return q, nil
}

// Targets are the namespaces.
func (q *quotas) Targets() []driver.Object { return describeAll(q.namespaces) }

// Candidates is how many namespaces there were to choose from.
func (q *quotas) Candidates() int { return q.candidates }

// Inject makes the quotas.
func (q *quotas) Inject(ctx context.Context) error {
	for _, object := range q.objects {
		entry, err := put(ctx, q.request, object)
		if entry != nil {
			q.entries = append(q.entries, entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Proof waits until the server refuses a pod because of our quota.
func (q *quotas) Proof(ctx context.Context) error { return q.each(ctx, true) }

// Gone waits until the server no longer refuses a pod because of our quota.
func (q *quotas) Gone(ctx context.Context) error { return q.each(ctx, false) }

func (q *quotas) each(ctx context.Context, refused bool) error {
	for _, object := range q.objects {
		if err := q.tryPods(ctx, object, refused); err != nil {
			return err
		}
	}
	return nil
}

// tryPods asks for a pod that is not made, until it is refused or no longer is. What the server does is not an object
// that could be watched.
func (q *quotas) tryPods(ctx context.Context, quota *unstructured.Unstructured, wanted bool) error {
	backoff := client.NewBackoff(client.Policy{})
	last := "no pod was asked for yet"
	for {
		err := q.tryPod(ctx, quota.GetNamespace())
		names := err != nil && apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota: "+quota.GetName())
		switch {
		case names == wanted && (names || err == nil || apierrors.IsForbidden(err)):
			return nil
		case names:
			last = fmt.Sprintf("new pods in namespace %s are still refused by the quota %s", quota.GetNamespace(), quota.GetName())
		case err == nil:
			last = fmt.Sprintf("namespace %s still takes new pods", quota.GetNamespace())
		default:
			last = fmt.Sprintf("a pod in namespace %s is refused for another reason: %v", quota.GetNamespace(), err)
		}
		q.request.Run.Progress("%s", last)
		if err := client.Wait(ctx, backoff.Failed(nil)); err != nil {
			return &driver.Unseen{Last: last, Cause: err}
		}
	}
}

func (q *quotas) tryPod(ctx context.Context, namespace string) error {
	pod := seed(q.request, "v1", "Pod", namespace, map[string]any{"containers": []any{map[string]any{
		"name": "try", "image": "registry.example/scenario-runner/try:1",
	}}})
	_, err := q.request.Place.Create(ctx, pod, kube.Change{Keep: true, DryRun: true})
	return err
}

// Hold keeps the quotas up.
func (q *quotas) Hold(ctx context.Context) error {
	q.request.Run.Progress("%s holds for %s", q.request.Experiment.Name, q.request.Duration)
	return pause(ctx, q.request.Duration)
}

// Remove deletes the quotas.
func (q *quotas) Remove(ctx context.Context) error { return takeBack(ctx, q.entries) }

// Result says how many namespaces were hit.
func (q *quotas) Result() driver.Result { return driver.Result{Hit: len(q.entries)} }

// takeBack undoes entries, the last one first, and goes on when one fails.
func takeBack(ctx context.Context, entries []step.Entry) error {
	var first error
	for _, entry := range slices.Backward(entries) {
		first = cmp.Or(first, entry.Undo(ctx))
	}
	return first
}
