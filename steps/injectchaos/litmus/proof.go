package litmus

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// What a proof rests on.
const (
	observed = "observed" // we saw the effect on the targets ourselves
	stated   = "stated"   // Litmus says that it has injected the fault
)

// watched reports whether the Kubernetes API shows the effect of the experiment, so that Litmus's word is not enough.
func (f *fault) watched() bool {
	return slices.Contains([]string{"pod-delete", "container-kill", "node-drain", "node-taint", "kubelet-service-kill"}, f.request.Experiment.Name)
}

// proved reports whether the fault is proved, and remembers by what.
func (f *fault) proved(v *view) bool {
	switch number := f.hitIn(v); { // what is seen counts more than what was said before
	case number >= len(f.aim.targets) || number > 0 && !f.watched():
		f.proof = observed
	case f.proof == "" && !f.watched() && v.result.stated():
		f.proof = stated
	}
	return f.proof != ""
}

// hitIn counts the targets on which the effect is seen; where Litmus chooses, those that it has chosen.
func (f *fault) hitIn(v *view) int {
	now := map[string]*unstructured.Unstructured{}
	for _, object := range v.targets.Objects {
		now[object.GetName()] = object
	}
	n := 0
	for _, before := range f.aim.pool {
		if v.targets.Objects != nil && f.affected(before, now[before.GetName()]) {
			n++
		}
	}
	return n
}

// affected compares a target with what it was. Stress and network faults show only when they end a container.
func (f *fault) affected(before, now *unstructured.Unstructured) bool {
	if f.request.Experiment.Scope == catalogue.Nodes {
		return now != nil && f.nodeAffected(before, now)
	}
	if now == nil || now.GetUID() != before.GetUID() {
		return f.request.Experiment.Name == "pod-delete"
	}
	return restarts(now) > restarts(before)
}

func (f *fault) nodeAffected(before, now *unstructured.Unstructured) bool {
	switch f.request.Experiment.Name {
	case "node-drain":
		cordoned, _, _ := unstructured.NestedBool(now.Object, "spec", "unschedulable")
		return cordoned
	case "node-taint":
		key, _, _ := strings.Cut(f.env["TAINTS"], ":")
		key, _, _ = strings.Cut(key, "=")
		return tainted(now, key) && !tainted(before, key)
	case "kubelet-service-kill":
		return !ready.Of(now).Ready
	}
	return false
}

func tainted(node *unstructured.Unstructured, key string) bool {
	list, _, _ := unstructured.NestedSlice(node.Object, "spec", "taints")
	return slices.ContainsFunc(list, func(entry any) bool {
		taint, ok := entry.(map[string]any)
		return ok && taint["key"] == key
	})
}

func restarts(pod *unstructured.Unstructured) int64 {
	var n int64
	containers, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, entry := range containers {
		if c, ok := entry.(map[string]any); ok {
			count, _, _ := unstructured.NestedInt64(c, "restartCount")
			n += count
		}
	}
	return n
}

// lookAgain reads the targets directly: the watches of the result and of the targets are not in step.
func (f *fault) lookAgain(ctx context.Context, v *view) error {
	ref := kube.Ref{APIVersion: "v1", Kind: f.aim.query.Mapping.Kind, Namespace: f.aim.query.Namespace}
	objects, err := f.request.Place.List(ctx, ref)
	if err != nil {
		return err
	}
	if objects == nil {
		objects = []*unstructured.Unstructured{}
	}
	v.targets = kube.Snapshot{Objects: objects}
	f.hit = max(f.hit, f.hitIn(v))
	return nil
}

// missing says what is not yet as it was before the experiment.
func (f *fault) missing(shot kube.Snapshot) []string {
	var out []string
	for _, c := range f.aim.before {
		if n := c.readyIn(shot); n < c.ready {
			out = append(out, fmt.Sprintf("%d of %d pods of %s are ready again", n, c.ready, c.name))
		}
	}
	if f.request.Experiment.Scope != catalogue.Nodes {
		return out
	}
	v := &view{targets: shot}
	if n := f.hitIn(v); n > 0 {
		out = append(out, fmt.Sprintf("the effect is still seen on %d of %d nodes", n, len(f.aim.targets)))
	}
	return out
}
