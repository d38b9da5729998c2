package rollout

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

const revisionAnnotation = "deployment.kubernetes.io/revision"

// revision is one entry of the history of a workload: a ReplicaSet or a ControllerRevision.
type revision struct {
	number int
	keeper *unstructured.Unstructured
}

// history is the revisions of a workload, oldest first.
type history []revision

// current is the present revision, 0 when there is none yet.
func (h history) current() int {
	if len(h) == 0 {
		return 0
	}
	return h[len(h)-1].number
}

func (h history) numbers() string {
	texts := make([]string, len(h))
	for i, r := range h {
		texts[i] = strconv.Itoa(r.number)
	}
	return strings.Join(texts, ", ")
}

// history reads the revisions that belong to the workload.
func (r *rollout) history(ctx context.Context) (history, error) {
	kind := "replicasets"
	if r.object.GetKind() != "Deployment" {
		kind = "controllerrevisions"
	}
	objects, err := r.place.List(ctx, kube.Ref{APIVersion: "apps/v1", Kind: kind, Namespace: r.object.GetNamespace()})
	if err != nil {
		return nil, err
	}
	var out history
	for _, object := range objects {
		if !metav1.IsControlledBy(object, r.object) {
			continue
		}
		if number := numberOf(object); number > 0 {
			out = append(out, revision{number, object})
		}
	}
	slices.SortFunc(out, func(a, b revision) int { return cmp.Compare(a.number, b.number) })
	return out, nil
}

func numberOf(keeper *unstructured.Unstructured) int {
	if number, found, _ := unstructured.NestedInt64(keeper.Object, "revision"); found {
		return int(number)
	}
	number, _ := strconv.Atoi(keeper.GetAnnotations()[revisionAnnotation]) // 0 means that it is none
	return number
}

// choose returns the revision to go back to: the one asked for, or the one before the present one.
func (r *rollout) choose(h history) (revision, error) {
	if r.ToRevision > 0 {
		i := slices.IndexFunc(h, func(entry revision) bool { return entry.number == r.ToRevision })
		if i < 0 {
			return revision{}, step.Fail("%s has no revision %d; it has %s", r.Object, r.ToRevision, h.numbers())
		}
		return h[i], nil
	}
	if len(h) < 2 {
		return revision{}, step.Fail("%s has no revision to go back to: there is only the present one", r.Object)
	}
	return h[len(h)-2], nil
}

// back rolls the workload back.
func (r *rollout) back(ctx context.Context, h history) (*unstructured.Unstructured, error) {
	chosen, err := r.choose(h)
	if err != nil {
		return nil, err
	}
	r.run.Progress("back to revision %d", chosen.number)
	if r.object.GetKind() == "Deployment" {
		return r.backDeployment(ctx, chosen)
	}
	data, found, err := unstructured.NestedMap(chosen.keeper.Object, "data")
	if err != nil || !found {
		return nil, fmt.Errorf("revision %d of %s holds no template", chosen.number, r.Object)
	}
	// The data is the patch that restores the template.
	return r.patch(ctx, kube.StrategicPatch, data)
}

// backDeployment takes the template and the annotations of a ReplicaSet over.
func (r *rollout) backDeployment(ctx context.Context, chosen revision) (*unstructured.Unstructured, error) {
	template, found, err := unstructured.NestedMap(chosen.keeper.Object, "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("revision %d of %s holds no template", chosen.number, r.Object)
	}
	unstructured.RemoveNestedField(template, "metadata", "labels", "pod-template-hash")
	present, _, _ := unstructured.NestedMap(r.object.Object, "spec", "template")
	if reflect.DeepEqual(template, present) {
		return r.object, nil // as kubectl, which skips a rollback to what is there
	}
	operations := []map[string]any{{"op": "replace", "path": "/spec/template", "value": template}}
	if notes := annotations(r.object, chosen.keeper); len(notes) > 0 {
		operations = append(operations, map[string]any{"op": "add", "path": "/metadata/annotations", "value": notes})
	}
	return r.patch(ctx, kube.JSONPatch, operations)
}

// own reports whether an annotation belongs to one object and does not travel with the template.
func own(name string) bool {
	return slices.Contains([]string{
		"kubectl.kubernetes.io/last-applied-configuration", revisionAnnotation, "deployment.kubernetes.io/revision-history",
		"deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to",
	}, name)
}

// annotations returns what kubectl gives a deployment that is rolled back: its own ones and the others of the ReplicaSet.
func annotations(deployment, replicaSet *unstructured.Unstructured) map[string]any {
	out := map[string]any{}
	for _, source := range []struct {
		object *unstructured.Unstructured
		own    bool
	}{{deployment, true}, {replicaSet, false}} {
		notes := source.object.GetAnnotations()
		for _, name := range slices.Sorted(maps.Keys(notes)) {
			if own(name) == source.own {
				out[name] = notes[name]
			}
		}
	}
	return out
}
