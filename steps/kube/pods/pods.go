// Package pods finds the pods that a reference means: a pod itself, pods by labels, or the pods of a workload or Service.
//
// It reads; it is no step and changes nothing. What ready means is the part of steps/kube/ready.
package pods

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// Find returns a reference to the pods that ref means. Something that has no pods of its own is an error; a workload that
// does not exist is a failure.
func Find(ctx context.Context, place *kube.Target, ref kube.Ref) (kube.Ref, error) {
	query, err := place.Query(ctx, ref)
	if err != nil || isPods(query.Mapping) {
		return ref, err
	}
	if query.Name == "" {
		return ref, fmt.Errorf("%s names no single %s; give its name, or choose pods by labels", ref, query.Mapping.Kind)
	}
	owner, err := place.Get(ctx, ref)
	if kube.IsNotFound(err) {
		return ref, step.Fail("%s does not exist in namespace %s", ref, query.Namespace)
	}
	if err != nil {
		return ref, err
	}
	selector, err := Selector(owner)
	if err != nil {
		return ref, err
	}
	return kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: owner.GetNamespace(), Selector: selector.String()}, nil
}

func isPods(mapping kube.Mapping) bool { return mapping.GVR().Group == "" && mapping.Kind == "Pod" }

// List returns the pods that ref means now, sorted by name.
func List(ctx context.Context, place *kube.Target, ref kube.Ref) ([]*unstructured.Unstructured, error) {
	found, err := Find(ctx, place, ref)
	if err != nil {
		return nil, err
	}
	if found.Name == "" {
		return place.List(ctx, found)
	}
	pod, err := place.Get(ctx, found)
	if kube.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{pod}, nil
}

// Selector reads spec.selector in both of its forms: that of workloads and that of Services.
func Selector(owner *unstructured.Unstructured) (labels.Selector, error) {
	raw, found, err := unstructured.NestedMap(owner.Object, "spec", "selector")
	if err != nil || !found || len(raw) == 0 {
		return nil, fmt.Errorf("%s %s has no spec.selector that says which pods are its own", owner.GetKind(), owner.GetName())
	}
	if plain, ok, err := unstructured.NestedStringMap(owner.Object, "spec", "selector"); ok && err == nil {
		return labels.SelectorFromSet(plain), nil
	}
	var structured metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &structured); err != nil {
		return nil, fmt.Errorf("spec.selector of %s: %w", owner.GetName(), err)
	}
	return metav1.LabelSelectorAsSelector(&structured)
}

// Living reports whether a pod may still do work: it has not ended, and nobody has asked it to.
func Living(pod *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	return phase != "Succeeded" && phase != "Failed" && pod.GetDeletionTimestamp() == nil
}

// ErrNone is the cause of a wait for a ready pod that ended without one.
var ErrNone = errors.New("no pod is ready")

// Ready waits until a pod that ref means is ready and returns all that are ready then, sorted by name. see is told what
// is missing. When the time is over the error says what was seen last, and wraps ErrNone.
func Ready(ctx context.Context, place *kube.Target, ref kube.Ref, see func(string)) ([]*unstructured.Unstructured, error) {
	found, err := Find(ctx, place, ref)
	if err != nil {
		return nil, err
	}
	query, err := place.Query(ctx, found)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	last := "there are no pods"
	err = place.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		seen := shot.Objects
		if query.Name != "" {
			seen = nil
			if shot.Object != nil {
				seen = []*unstructured.Unstructured{shot.Object}
			}
		}
		out, last = readyOf(seen)
		if len(out) == 0 {
			see(last)
		}
		return len(out) > 0, nil
	})
	switch {
	case err == nil:
		return out, nil
	case step.Interrupted(ctx):
		return nil, ctx.Err()
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w for %s: %s", ErrNone, ref, last)
	}
	return nil, err
}

// readyOf picks the pods that are ready, and says what is missing when there are none.
func readyOf(seen []*unstructured.Unstructured) (out []*unstructured.Unstructured, last string) {
	last = "there are no pods"
	for _, pod := range seen {
		state := ready.Of(pod)
		if state.Ready && Living(pod) {
			out = append(out, pod)
			continue
		}
		last = fmt.Sprintf("pod %s: %s", pod.GetName(), state.Message)
	}
	return out, last
}
