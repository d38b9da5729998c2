package litmus

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
)

// partition is the experiment of Litmus that works by a NetworkPolicy. The policy selects pods by one label, whatever else
// the engine says, and which pods it has hit is only said when it is gone.
const partition = "pod-network-partition"

// fitsPartition refuses what such a policy can't be held to.
func (a *aim) fitsPartition(request driver.Request) error {
	switch {
	case a.workload() == "" || a.only() == "" || len(a.targets) < a.candidates:
		return fmt.Errorf("Litmus's %s cuts off all pods with one label; name a Deployment, StatefulSet or DaemonSet that selects its pods by a single label as the target, all of its pods, or use driver: builtin", partition)
	case a.others > 0:
		return fmt.Errorf("Litmus's %s cuts off all pods with the label %s, also %d that are none of %s/%s; use driver: builtin", partition, a.only(), a.others, a.owner.GetKind(), a.owner.GetName())
	case request.Duration == 0:
		return fmt.Errorf("Litmus says only at the end of %s what it has hit; give duration, or use driver: builtin", partition)
	}
	return nil
}

// only is the single label by which the workload selects its pods, "" when it selects them in another way.
func (a *aim) only() string {
	label := a.label()
	if below(a.owner.Object, "spec", "selector")["matchExpressions"] != nil || strings.Contains(label, ",") {
		return ""
	}
	return label
}

// strangers counts the living pods that have the label of the targets and are none of them.
func (a *aim) strangers(shot kube.Snapshot) int {
	key, value, _ := strings.Cut(a.only(), "=")
	n := 0
	for _, pod := range shot.Objects {
		ours := slices.ContainsFunc(a.targets, func(t *unstructured.Unstructured) bool { return t.GetName() == pod.GetName() })
		if found, has := pod.GetLabels()[key]; has && found == value && !ours && pods.Living(pod) {
			n++
		}
	}
	return n
}
