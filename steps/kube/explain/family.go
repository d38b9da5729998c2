package explain

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// family is an object with all that it owns.
type family struct {
	target   *kube.Target
	root     *unstructured.Unstructured
	children map[types.UID][]*unstructured.Unstructured
	troubles []string // what could not be read
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

// tree draws the family, the newest and sickest first.
func (f *family) tree(ctx context.Context) []string {
	lines := f.draw(ctx, f.root, 0)
	return append(lines, f.troubles...)
}

func (f *family) draw(ctx context.Context, object *unstructured.Unstructured, depth int) []string {
	lines := []string{indent(depth, headline(object))}
	if object.GetKind() == "Pod" {
		return append(lines, f.containers(ctx, object, depth+1)...)
	}
	shown := 0
	children := f.relevant(object)
	for _, child := range children {
		if child.GetKind() == "Pod" && shown == podLimit {
			lines = append(lines, indent(depth+1, fmt.Sprintf("and %d more pods", len(children)-shown)))
			break
		}
		lines = append(lines, f.draw(ctx, child, depth+1)...)
		shown++
	}
	return lines
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

// containers shows the containers of a pod that is not ready, with the last words of those that ended.
func (f *family) containers(ctx context.Context, pod *unstructured.Unstructured, depth int) []string {
	if ready.Of(pod).Ready {
		return nil
	}
	var lines []string
	for _, c := range ready.Containers(pod) {
		ended := c.State == "terminated" || c.Last != nil
		if c.State == "terminated" && c.ExitCode == 0 && c.Last == nil {
			continue
		}
		lines = append(lines, indent(depth, clip(c.String())))
		if !ended && c.State != "running" {
			continue
		}
		if line := f.lastWords(ctx, pod, c); line != "" {
			lines = append(lines, indent(depth+1, clip("last log line: "+line)))
		}
	}
	return lines
}

// lastWords returns the last line of a container's log: that of the run that ended when there is one.
func (f *family) lastWords(ctx context.Context, pod *unstructured.Unstructured, c ready.Container) string {
	query := url.Values{"container": {c.Name}, "tailLines": {"1"}, "limitBytes": {"2000"}}
	if c.State == "waiting" && c.Last != nil {
		query.Set("previous", "true")
	}
	response, err := f.target.Cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: podMapping.Path(pod.GetNamespace(), pod.GetName(), "log"), Query: query, Accept: "*/*",
	})
	if err != nil {
		return "" // a container without a log is no news
	}
	return strings.TrimSpace(string(response.Body))
}
