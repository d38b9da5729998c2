package explain

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// family is an object with all that it owns.
type family struct {
	target   *kube.Target
	root     *unstructured.Unstructured
	children map[types.UID][]*unstructured.Unstructured
	troubles []string // what could not be read
	// generated matches the generated names of pods; see unnamed.
	generated *regexp.Regexp
}

// descendants are the kinds among which the children of a kind are looked for.
func descendants(root *unstructured.Unstructured) []string {
	switch root.GetKind() {
	case "Pod", "ConfigMap", "Secret", "Service", "PersistentVolumeClaim", "Namespace", "Node":
		return nil
	case "Deployment":
		return []string{"replicasets.apps", "pods"}
	case "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController":
		return []string{"pods"}
	case "CronJob":
		return []string{"jobs.batch", "pods"}
	}
	return []string{"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch", "pods"}
}

func gather(ctx context.Context, target *kube.Target, root *unstructured.Unstructured) *family {
	f := &family{target: target, root: root, children: map[types.UID][]*unstructured.Unstructured{}}
	if root.GetNamespace() == "" {
		return f
	}
	for _, kind := range descendants(root) {
		objects, err := target.List(ctx, kube.Ref{Kind: kind})
		if err != nil {
			f.troubles = append(f.troubles, clip(fmt.Sprintf("%s could not be read: %v", kind, err)))
			continue
		}
		for _, object := range objects {
			for _, owner := range object.GetOwnerReferences() {
				f.children[owner.UID] = append(f.children[owner.UID], object)
			}
		}
	}
	return f
}

// relevant returns the children worth showing: of ReplicaSets only those that have or want pods, sick ones first.
func (f *family) relevant(parent *unstructured.Unstructured) []*unstructured.Unstructured {
	children := slices.Clone(f.children[parent.GetUID()])
	children = slices.DeleteFunc(children, func(child *unstructured.Unstructured) bool {
		wanted, _, _ := unstructured.NestedInt64(child.Object, "spec", "replicas")
		there, _, _ := unstructured.NestedInt64(child.Object, "status", "replicas")
		return child.GetKind() == "ReplicaSet" && wanted == 0 && there == 0
	})
	slices.SortStableFunc(children, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(health(a), health(b)), revision(b)-revision(a), strings.Compare(a.GetName(), b.GetName()))
	})
	return children
}

func health(object *unstructured.Unstructured) int {
	switch judged := ready.Of(object); {
	case judged.Failed:
		return 0
	case judged.Reason != "":
		return 1
	case !judged.Ready:
		return 2
	}
	return 3
}

func revision(object *unstructured.Unstructured) int {
	n, _ := strconv.Atoi(object.GetAnnotations()["deployment.kubernetes.io/revision"])
	return n
}

// all returns the object and everything below it.
func (f *family) all() []*unstructured.Unstructured {
	out := []*unstructured.Unstructured{f.root}
	seen := map[types.UID]bool{f.root.GetUID(): true}
	for i := 0; i < len(out); i++ {
		for _, child := range f.children[out[i].GetUID()] {
			if !seen[child.GetUID()] {
				seen[child.GetUID()] = true
				out = append(out, child)
			}
		}
	}
	return out
}

// well reports whether everything in the family is as it should be and always was.
func (f *family) well() bool {
	if len(f.troubles) > 0 {
		return false
	}
	return !slices.ContainsFunc(f.all(), func(object *unstructured.Unstructured) bool {
		return !ready.Of(object).Ready || object.GetDeletionTimestamp() != nil || slices.ContainsFunc(ready.Containers(object), hasEnded)
	})
}

// hasEnded reports whether a container ended before, or ended badly.
func hasEnded(c ready.Container) bool {
	return c.Last != nil || c.State == "terminated" && c.ExitCode != 0
}
