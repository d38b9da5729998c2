package drain

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// judgement is what a drain does with a pod: it goes unless there is a reason to leave it or to refuse the drain.
type judgement struct{ leave, refuse string }

// judge decides as kubectl drain does.
func (d *Drain) judge(ctx context.Context, pod corev1.Pod) (judgement, error) {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return judgement{leave: "it is a mirror of a static pod, which only its kubelet can end"}, nil
	}
	finished := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if finished || pod.DeletionTimestamp != nil {
		return judgement{}, nil
	}
	owner := metav1.GetControllerOf(&pod)
	if owner != nil && owner.Kind == "DaemonSet" {
		_, err := d.place.Get(ctx, kube.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: pod.Namespace, Name: owner.Name})
		switch {
		case err == nil:
			return judgement{leave: "DaemonSet " + owner.Name + " would put it there again"}, nil
		case !kube.IsNotFound(err):
			return judgement{}, err
		}
		owner = nil
	}
	switch {
	case owner == nil && !d.options.Force:
		return judgement{refuse: "has no controller that makes it again; say force: true to drain it all the same"}, nil
	case hasEmptyDir(pod) && !d.options.DeleteEmptyDir:
		return judgement{refuse: "has data in an emptyDir volume; say deleteEmptyDir: true to lose it"}, nil
	}
	return judgement{}, nil
}

func hasEmptyDir(pod corev1.Pod) bool {
	for _, volume := range pod.Spec.Volumes {
		if volume.EmptyDir != nil {
			return true
		}
	}
	return false
}

// longestBlind is how long we rely on what disruption budgets report: it may be late, or not be ours to see.
const longestBlind = 5 * time.Second

// allowed waits until the disruption budgets of a pod may allow its eviction. It returns an error when ctx is done.
func (d *Drain) allowed(ctx context.Context, pod corev1.Pod) error {
	query, err := d.place.Query(ctx, kube.Ref{APIVersion: "policy/v1", Kind: "PodDisruptionBudget", Namespace: pod.Namespace})
	if err != nil {
		return nil //nolint:nilerr // the next eviction finds out what is wrong
	}
	watching, cancel := context.WithTimeout(ctx, longestBlind)
	defer cancel()
	err = d.place.Watch(watching, query, func(shot kube.Snapshot) (bool, error) {
		for _, object := range shot.Objects {
			var b policyv1.PodDisruptionBudget
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &b); err != nil {
				return true, nil //nolint:nilerr // the next eviction finds out what is wrong
			}
			if refuses(b, pod) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil && ctx.Err() == nil {
		<-watching.Done() // without the right to watch, time is all that there is
	}
	return ctx.Err()
}

// refuses reports whether a budget allows no disruption of a pod now.
func refuses(b policyv1.PodDisruptionBudget, pod corev1.Pod) bool {
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	return err == nil && selector.Matches(labels.Set(pod.Labels)) && b.Status.DisruptionsAllowed < 1
}
