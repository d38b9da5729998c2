package litmus

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// aim is what an experiment is pointed at.
type aim struct {
	namespace  string                     // where the engine is
	owner      *unstructured.Unstructured // the workload whose pods are hit, when a single one was named
	targets    []*unstructured.Unstructured
	pool       []*unstructured.Unstructured // of which Litmus takes as many as there are targets, its own choice each time
	candidates int
	others     int        // pods that share the label of the targets without being one
	query      kube.Query // where the targets are seen
	before     []crew
}

// crew is how many pods of one controller were ready before.
type crew struct {
	uid   types.UID
	name  string
	ready int
}

// aimAt resolves the targets of a request, the first ones by name.
func aimAt(ctx context.Context, request driver.Request) (aim, error) {
	if request.Experiment.Scope == catalogue.Nodes {
		return aimAtNodes(ctx, request)
	}
	ref := request.Selection.Reference
	query, err := request.Place.Query(ctx, ref)
	if err != nil {
		return aim{}, err
	}
	a := aim{namespace: query.Namespace}
	if query.Mapping.Kind != "Pod" {
		if a.owner, err = request.Place.Get(ctx, ref); kube.IsNotFound(err) {
			return a, nil
		}
		if err != nil {
			return a, err
		}
	}
	found, err := pods.List(ctx, request.Place, ref)
	if err != nil {
		return a, err
	}
	found = slices.DeleteFunc(slices.Clone(found), func(pod *unstructured.Unstructured) bool {
		return !pods.Living(pod) || pod.GetLabels()[chaosUID] != ""
	})
	a.choose(request, found)
	a.query, err = request.Place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: a.namespace})
	return a, err
}

func aimAtNodes(ctx context.Context, request driver.Request) (aim, error) {
	ref := request.Selection.Reference
	query, err := request.Place.Query(ctx, ref)
	if err != nil {
		return aim{}, err
	}
	if query.Mapping.Kind != "Node" {
		return aim{}, fmt.Errorf("%s hits nodes, not %s", request.Experiment.Name, query.Mapping.Kind)
	}
	a := aim{namespace: request.Place.Namespace}
	found, err := request.Place.List(ctx, ref)
	if err != nil {
		return a, err
	}
	a.choose(request, found)
	a.query, err = request.Place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "nodes"})
	return a, err
}

func (a *aim) choose(request driver.Request, found []*unstructured.Unstructured) {
	slices.SortFunc(found, func(x, y *unstructured.Unstructured) int { return cmp.Compare(x.GetName(), y.GetName()) })
	a.candidates = len(found)
	a.targets = found[:request.Selection.Number(request.Experiment, len(found))]
	a.pool = a.targets
	if request.Interval > 0 && a.workload() != "" {
		a.pool = found // the act is repeated on the workload
	}
}

// note remembers how many pods are ready beside each target, so that the recovery can be seen.
func (a *aim) note(ctx context.Context, request driver.Request) error {
	return request.Place.Watch(ctx, a.query, func(shot kube.Snapshot) (bool, error) {
		for _, target := range a.targets {
			owner := metav1.GetControllerOf(target)
			if owner == nil || slices.ContainsFunc(a.before, func(c crew) bool { return c.uid == owner.UID }) {
				continue
			}
			c := crew{uid: owner.UID, name: owner.Kind + "/" + owner.Name}
			c.ready = c.readyIn(shot)
			a.before = append(a.before, c)
		}
		if a.workload() != "" {
			a.others = a.strangers(shot)
		}
		return true, nil
	})
}

func (c crew) readyIn(shot kube.Snapshot) int {
	n := 0
	for _, pod := range shot.Objects {
		if owner := metav1.GetControllerOf(pod); owner != nil && owner.UID == c.uid && pods.Living(pod) && ready.Of(pod).Ready {
			n++
		}
	}
	return n
}

// fits refuses what Litmus would not hold itself to.
func (a *aim) fits(request driver.Request, second bool) error {
	one := slices.Contains([]string{"node-drain", "node-taint", "kubelet-service-kill"}, request.Experiment.Name)
	switch {
	case one && len(a.targets) > 1:
		return fmt.Errorf("Litmus's %s hits a single node, and %d were chosen; give count: 1", request.Experiment.Name, len(a.targets))
	case request.Experiment.Name == partition:
		return a.fitsPartition(request)
	case request.Experiment.Scope == catalogue.Nodes || a.workload() != "":
		return nil
	case request.Interval > 0:
		return fmt.Errorf("Litmus repeats %s on the pods of a Deployment, StatefulSet or DaemonSet only; name one as the target, or leave interval out", request.Experiment.Name)
	case second:
		return fmt.Errorf("Litmus 2 can't be held to single pods: when one is gone it takes any other of the namespace; name a Deployment, StatefulSet or DaemonSet as the target")
	}
	return nil
}

// workload is the kind of the named workload in Litmus's words, "" when there is none that it knows.
func (a *aim) workload() string {
	if a.owner == nil {
		return ""
	}
	kind := strings.ToLower(a.owner.GetKind())
	if slices.Contains([]string{"deployment", "statefulset", "daemonset"}, kind) {
		return kind
	}
	return ""
}

func (a *aim) names() string {
	names := make([]string, len(a.targets))
	for i, target := range a.targets {
		names[i] = target.GetName()
	}
	return strings.Join(names, ",")
}

// set points an engine at the targets. Pods are named one by one; only a repeated act is given the share of a workload's
// pods in their place, because the first act replaces them.
func (a *aim) set(spec *v1alpha1.ChaosEngineSpec, env map[string]string, request driver.Request, second bool) {
	if request.Experiment.Scope == catalogue.Nodes {
		env["TARGET_NODE"], env["TARGET_NODES"] = a.names(), a.names()
		return
	}
	if request.Experiment.Name == partition {
		spec.Appinfo = a.application()
		return
	}
	env["PODS_AFFECTED_PERC"] = strconv.Itoa((len(a.targets)*100 + a.candidates - 1) / a.candidates)
	repeated := request.Interval > 0
	if !repeated {
		env["TARGET_PODS"] = a.names()
	}
	switch {
	case !second && !repeated:
		env["PODS_AFFECTED_PERC"] = "100"
		spec.Selectors = &v1alpha1.Selector{Pods: []v1alpha1.Pod{{Namespace: a.namespace, Names: a.names()}}}
	case !second:
		kind := v1alpha1.WorkloadKind(a.workload())
		if kind == "daemonset" {
			kind = v1alpha1.WorkloadDaemonSet
		}
		spec.Selectors = &v1alpha1.Selector{Workloads: []v1alpha1.Workload{{Kind: kind, Namespace: a.namespace, Names: a.owner.GetName()}}}
	default:
		spec.Appinfo = a.application()
	}
}

// application is the workload in the words of Litmus 2, which Litmus 3 knows as well.
func (a *aim) application() v1alpha1.ApplicationParams {
	return v1alpha1.ApplicationParams{Appns: a.namespace, Applabel: a.label(), AppKind: a.workload()}
}

// label returns the labels of the workload's pods, in which Litmus 2 thinks.
func (a *aim) label() string {
	set, _, _ := unstructured.NestedStringMap(a.owner.Object, "spec", "selector", "matchLabels")
	var out []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		out = append(out, key+"="+set[key])
	}
	return strings.Join(out, ",")
}
