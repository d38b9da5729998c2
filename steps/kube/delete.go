package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// Deletion says how an object is removed.
type Deletion struct {
	Change
	Propagation metav1.DeletionPropagation // "" means Background
	GracePeriod *time.Duration             // nil means that of the object
	UID         types.UID                  // "" means whatever bears the name
}

// Delete removes the named object and returns it in its last known form, nil when there was none. The object may live on
// for a while: Gone waits for its end.
func (t *Target) Delete(ctx context.Context, ref Ref, deletion Deletion) (*unstructured.Unstructured, error) {
	if ref.Name == "" {
		return nil, fmt.Errorf("%s names no single object; give its name", ref)
	}
	query, err := t.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	return t.delete(ctx, query, deletion)
}

func (t *Target) delete(ctx context.Context, query Query, deletion Deletion) (*unstructured.Unstructured, error) {
	entry, gone, err := t.beforeRemoval(ctx, query, deletion.Change)
	if err != nil || gone {
		return nil, err
	}
	last, err := t.Cluster.remove(ctx, query, deletion)
	if err != nil {
		return nil, fmt.Errorf("delete %s %s: %w", query.Mapping.Kind, query.Name, settleEntry(ctx, entry, err))
	}
	return last, nil
}

// beforeRemoval writes the undo; gone says that there is nothing to remove.
func (t *Target) beforeRemoval(ctx context.Context, query Query, change Change) (entry step.Entry, gone bool, err error) {
	if err := t.permit(query.Mapping, query.Namespace, query.Name); err != nil {
		return nil, false, fmt.Errorf("delete %s %s: %w", query.Mapping.Kind, query.Name, err)
	}
	if t.unrecorded(change, query.Mapping, query.Namespace, query.Name) {
		return nil, false, nil
	}
	previous, err := t.previous(ctx, query.Mapping, query.Namespace, query.Name)
	if err != nil || previous == nil {
		return nil, previous == nil, err
	}
	entry, err = t.recordRemoval(ctx, query.Mapping, previous)
	return entry, false, err
}

// remove sends the deletion. That there is nothing to delete is fine: nil. When an answer was lost and the next attempt
// finds nothing, the first one did it.
func (c *Cluster) remove(ctx context.Context, query Query, deletion Deletion) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(deletion.options())
	if err != nil {
		return nil, err
	}
	response, err := c.Do(ctx, client.Request{
		Method: http.MethodDelete, Path: query.Mapping.Path(query.Namespace, query.Name), ContentType: "application/json", Body: body,
	})
	key := watch.Key{Namespace: query.Namespace, Name: query.Name}
	if apierrors.IsNotFound(err) && !isNoSuchResource(err) {
		c.hub.ObserveGone(query.Mapping, key, deletion.UID)
		if client.MayHaveWorked(err) {
			return remnant(query.Mapping, key, deletion.UID), nil
		}
		return nil, nil
	}
	if err != nil || deletion.DryRun {
		return nil, err
	}
	last, err := decode(response.Body)
	if err != nil {
		return nil, err
	}
	return c.removed(query.Mapping, key, last), nil
}

// removed tells the watches of a deletion. Servers answer with the object, which lives on if it has a deletion time, or
// with a Status when it is gone.
func (c *Cluster) removed(mapping Mapping, key watch.Key, last *unstructured.Unstructured) *unstructured.Unstructured {
	if last.GetKind() == "Status" {
		uid, _, _ := unstructured.NestedString(last.Object, "details", "uid")
		gone := remnant(mapping, key, types.UID(uid))
		if uid != "" {
			c.hub.ObserveGone(mapping, key, gone.GetUID())
		}
		return gone
	}
	if last.GetDeletionTimestamp() == nil {
		c.hub.ObserveGone(mapping, key, last.GetUID())
	} else {
		c.hub.Observe(mapping, last)
	}
	return last
}

// remnant is an object of which no more is known than that it is gone; its uid may be "".
func remnant(mapping Mapping, key watch.Key, uid types.UID) *unstructured.Unstructured {
	gone := &unstructured.Unstructured{Object: map[string]any{}}
	gone.SetGroupVersionKind(mapping.GVK())
	gone.SetNamespace(key.Namespace)
	gone.SetName(key.Name)
	gone.SetUID(uid)
	return gone
}

func (d Deletion) options() metav1.DeleteOptions {
	options := metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"}}
	propagation := d.Propagation
	if propagation == "" {
		propagation = metav1.DeletePropagationBackground
	}
	options.PropagationPolicy = &propagation
	if d.GracePeriod != nil {
		seconds := int64(d.GracePeriod.Round(time.Second).Seconds())
		options.GracePeriodSeconds = &seconds
	}
	if d.UID != "" {
		options.Preconditions = &metav1.Preconditions{UID: &d.UID}
	}
	if d.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return options
}

// Evict asks for a pod to be evicted, which disruption budgets may refuse: see IsDisruptionBudget.
func (t *Target) Evict(ctx context.Context, namespace, pod string, deletion Deletion) error {
	mapping, err := t.Cluster.Find(ctx, "v1", "pods")
	if err != nil {
		return err
	}
	query := Query{Mapping: mapping, Namespace: t.namespaceOf(mapping, namespace), Name: pod}
	entry, gone, err := t.beforeRemoval(ctx, query, deletion.Change)
	if err != nil || gone {
		return err
	}
	options := deletion.options()
	body, err := json.Marshal(policyv1.Eviction{
		TypeMeta:      metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta:    metav1.ObjectMeta{Name: pod, Namespace: query.Namespace},
		DeleteOptions: &options,
	})
	if err != nil {
		return err
	}
	_, err = t.Cluster.Do(ctx, client.Request{
		Method: http.MethodPost, Path: mapping.Path(query.Namespace, pod, "eviction"), ContentType: "application/json", Body: body,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("evict pod %s: %w", pod, settleEntry(ctx, entry, err))
	}
	return nil
}

// IsDisruptionBudget reports whether err is the refusal of an eviction by a PodDisruptionBudget.
func IsDisruptionBudget(err error) bool { return client.IsDisruptionBudget(err) }

// Gone waits until the object that query names no longer exists, or another one has taken its name when uid is given.
func (t *Target) Gone(ctx context.Context, query Query, uid types.UID) error {
	return t.Cluster.gone(ctx, query, uid)
}

func (c *Cluster) gone(ctx context.Context, query Query, uid types.UID) error {
	var last *unstructured.Unstructured
	err := c.Watch(ctx, query, func(shot Snapshot) (bool, error) {
		last = shot.Object
		return last == nil || uid != "" && last.GetUID() != uid, nil
	})
	if err != nil && ctx.Err() != nil && last != nil {
		return fmt.Errorf("%s %s is still there%s: %w", query.Mapping.Kind, query.Name, whyStill(last), err)
	}
	return err
}
