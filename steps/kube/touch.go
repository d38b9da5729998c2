package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Touch says in a plan what happens to the objects that ref means. What it means now is found out by Look.
func (e *Env) Touch(effect step.Effect, verb string, ref Ref) step.Touch {
	t := step.Touch{Effect: effect, Verb: verb, What: ref.short(), Where: ref.where(), Look: e.Look(ref, Meaning)}
	if ref.Name != "" {
		t.Count = 1
	}
	return t
}

// short is String without the namespace and with kinds in lower case, as authors write them.
func (r Ref) short() string {
	r.APIVersion, r.Kind = "", strings.ToLower(r.Kind)
	return r.String()
}

// where says where the objects are, unless that is the place of the step.
func (r Ref) where() string {
	switch {
	case WholeCluster(r.Kind):
		return "the whole cluster"
	case r.Namespace != "":
		return "namespace " + r.Namespace
	}
	return ""
}

// WholeCluster reports whether a built-in kind belongs to no namespace.
func WholeCluster(kind string) bool {
	return slices.Contains([]string{
		"namespace", "namespaces", "ns", "node", "nodes", "no", "persistentvolume", "persistentvolumes", "pv", "clusterrole", "clusterroles",
		"clusterrolebinding", "clusterrolebindings", "customresourcedefinition", "customresourcedefinitions", "crd", "storageclass",
		"storageclasses", "sc", "priorityclass", "priorityclasses", "pc", "ingressclass", "ingressclasses", "runtimeclass", "runtimeclasses",
		"mutatingwebhookconfiguration", "validatingwebhookconfiguration", "validatingadmissionpolicy", "validatingadmissionpolicybinding",
		"apiservice", "csidriver", "flowschema", "volumeattachment",
	}, strings.ToLower(kind))
}

// Meaning tells what was found: "3 pods", "no such object", "3 objects".
func Meaning(found Found) string {
	switch {
	case found.Pods >= 0:
		return count(found.Pods, "pod")
	case found.Named && found.Objects == 0:
		return "no such object"
	case found.Named:
		return "exists"
	}
	return count(found.Objects, "object")
}

// Found is what a reference means on a cluster.
type Found struct {
	Named   bool // the reference names one object
	Objects int
	Pods    int // of these objects, -1 for kinds that have none
}

// Look returns a function that looks up what ref means now, reading only. There is nothing to know of a namespace that
// the scenario makes for itself.
func (e *Env) Look(ref Ref, tell func(Found) string) func(context.Context, *step.Run) (string, error) {
	return func(ctx context.Context, run *step.Run) (string, error) {
		if strings.Contains(ref.String()+ref.Namespace+run.Namespace+run.Cluster, "${{") || ref.Kind == "" {
			return "", nil // known when it runs
		}
		asked := *run
		asked.Scenario.Owned = false // nothing is made
		place, err := e.Target(ctx, &asked)
		if err != nil {
			return "", err
		}
		query, err := place.Query(ctx, ref)
		if err != nil {
			return "", err
		}
		if query.Mapping.Namespaced && query.Namespace == "" {
			return "", nil // its own namespace
		}
		found, err := place.find(ctx, ref)
		if err != nil {
			return "", err
		}
		return tell(found), nil
	}
}

// find counts what ref means.
func (t *Target) find(ctx context.Context, ref Ref) (Found, error) {
	found := Found{Named: ref.Name != "", Pods: -1}
	var objects []*unstructured.Unstructured
	if ref.Name == "" {
		listed, err := t.List(ctx, ref)
		if err != nil {
			return found, err
		}
		objects = listed
	} else {
		object, err := t.Get(ctx, ref)
		if err != nil && !IsNotFound(err) {
			return found, err
		}
		if err == nil {
			objects = append(objects, object)
		}
	}
	found.Objects = len(objects)
	for _, object := range objects {
		pods, known, err := t.podsOf(ctx, object)
		if err != nil {
			return found, err
		}
		if known {
			found.Pods = max(found.Pods, 0) + pods
		}
	}
	return found, nil
}

// podsOf counts the living pods of a workload.
func (t *Target) podsOf(ctx context.Context, object *unstructured.Unstructured) (int, bool, error) {
	if object.GetKind() == "Pod" {
		return 1, true, nil
	}
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}, object.GetKind()) {
		return 0, false, nil
	}
	chosen, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector", "matchLabels")
	if len(chosen) == 0 {
		return 0, false, nil
	}
	pods, err := t.List(ctx, Ref{APIVersion: "v1", Kind: "Pod", Namespace: object.GetNamespace(), Labels: chosen})
	if err != nil {
		return 0, false, err
	}
	living := 0
	for _, pod := range pods {
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase != "Succeeded" && phase != "Failed" && pod.GetDeletionTimestamp() == nil {
			living++
		}
	}
	return living, true, nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// IsKind reports whether a name, as authors write it, means a built-in kind.
func (e *Env) IsKind(name, kind string) bool {
	found, ok := e.kinds.Find("", name)
	return ok && strings.EqualFold(found.Name, kind)
}
