package action

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// replacement judges whether controllers have made up for deleted pods.
type replacement struct {
	deleted []corev1.Pod
	known   map[types.UID]bool
	lost    map[types.UID]int
	// kept is set for pods that their controllers lost but that are still there.
	kept bool
}

// newReplacement remembers which pods there were, and how many each controller lost.
func newReplacement(deleted, known []corev1.Pod) *replacement {
	r := &replacement{deleted: deleted, known: make(map[types.UID]bool), lost: make(map[types.UID]int)}
	for _, pod := range known {
		r.known[pod.UID] = true
	}
	for i := range deleted {
		r.known[deleted[i].UID] = true
		r.lost[metav1.GetControllerOf(&deleted[i]).UID]++
	}
	return r
}

// progress looks at all pods of the namespace.
func (r *replacement) progress(objects map[types.UID]runtime.Object) (done bool, progress string) {
	for _, pod := range r.deleted {
		if _, found := objects[pod.UID]; found && !r.kept {
			return false, fmt.Sprintf("pod %q was still terminating", pod.Name)
		}
	}
	gained := make(map[types.UID]int)
	for _, pod := range r.fresh(objects) {
		gained[metav1.GetControllerOf(pod).UID]++
	}
	have := 0
	for owner, lost := range r.lost {
		have += min(gained[owner], lost)
	}
	if have < len(r.deleted) {
		return false, fmt.Sprintf("%d of %d new pods were ready", have, len(r.deleted))
	}
	return true, ""
}

// fresh returns the new, ready pods of the controllers that lost some.
func (r *replacement) fresh(objects map[types.UID]runtime.Object) []*corev1.Pod {
	var found []*corev1.Pod
	for uid, object := range objects {
		pod, ok := object.(*corev1.Pod)
		if !ok || r.known[uid] || pod.DeletionTimestamp != nil || !ready(pod) {
			continue
		}
		if owner := metav1.GetControllerOf(pod); owner != nil && r.lost[owner.UID] > 0 {
			found = append(found, pod)
		}
	}
	return found
}

// names returns the names of the new pods, sorted.
func (r *replacement) names(objects map[types.UID]runtime.Object) []string {
	found := []string{}
	for _, pod := range r.fresh(objects) {
		found = append(found, pod.Name)
	}
	slices.Sort(found)
	return found
}

// ready reports whether a pod says that it is ready.
func ready(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
