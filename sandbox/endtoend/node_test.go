package endtoend

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func nodeCondition(node *corev1.Node, kind corev1.NodeConditionType) corev1.ConditionStatus {
	for _, condition := range node.Status.Conditions {
		if condition.Type == kind {
			return condition.Status
		}
	}
	return ""
}

func hasTaint(node *corev1.Node, key string) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == key {
			return true
		}
	}
	return false
}

func TestNodeNotReady(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	annotateNode(t, client, "sandbox-2", "not-ready", "true")
	broken := waitNode(t, client, "a tainted node", func(node *corev1.Node) bool {
		return node.Name == "sandbox-2" && nodeCondition(node, corev1.NodeReady) == corev1.ConditionFalse && hasTaint(node, corev1.TaintNodeNotReady)
	})
	for _, condition := range broken.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Reason != "KubeletNotReady" {
			t.Errorf("found reason %q, expected KubeletNotReady", condition.Reason)
		}
	}
	annotateNode(t, client, "sandbox-2", "not-ready", "")
	waitNode(t, client, "the node without its taint", func(node *corev1.Node) bool {
		return node.Name == "sandbox-2" && nodeCondition(node, corev1.NodeReady) == corev1.ConditionTrue && !hasTaint(node, corev1.TaintNodeNotReady)
	})
}

func TestLostNode(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	p := pod("tenant")
	p.Spec.NodeName = "sandbox-0"
	seconds := int64(1)
	moving := pod("moving")
	moving.Spec.NodeName = "sandbox-0"
	moving.Spec.Tolerations = []corev1.Toleration{{
		Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds,
	}}
	create(t, client, in, p)
	create(t, client, in, moving)
	waitPod(t, client, in, "a ready pod", func(p *corev1.Pod) bool { return p.Name == "tenant" && isReady(p) })

	annotateNode(t, client, "sandbox-0", "not-ready", "unknown")
	waitNode(t, client, "a tainted node", func(node *corev1.Node) bool {
		return node.Name == "sandbox-0" && nodeCondition(node, corev1.NodeReady) == corev1.ConditionUnknown && hasTaint(node, corev1.TaintNodeUnreachable)
	})
	waitPod(t, client, in, "a pod that is reported not ready", func(p *corev1.Pod) bool { return p.Name == "tenant" && !isReady(p) })
	waitGone(t, client, in, "moving")

	annotateNode(t, client, "sandbox-0", "not-ready", "")
	waitNode(t, client, "the node without its taint", func(node *corev1.Node) bool {
		return node.Name == "sandbox-0" && nodeCondition(node, corev1.NodeReady) == corev1.ConditionTrue && !hasTaint(node, corev1.TaintNodeUnreachable)
	})
	waitPod(t, client, in, "a pod that is ready again", func(p *corev1.Pod) bool { return p.Name == "tenant" && isReady(p) })
}

func TestNodePressure(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	annotateNode(t, client, "sandbox-1", "memory-pressure", "true")
	waitNode(t, client, "memory pressure", func(node *corev1.Node) bool {
		return node.Name == "sandbox-1" && nodeCondition(node, corev1.NodeMemoryPressure) == corev1.ConditionTrue && hasTaint(node, corev1.TaintNodeMemoryPressure)
	})
	annotateNode(t, client, "sandbox-1", "memory-pressure", "")
	waitNode(t, client, "no memory pressure", func(node *corev1.Node) bool {
		return node.Name == "sandbox-1" && nodeCondition(node, corev1.NodeMemoryPressure) == corev1.ConditionFalse && !hasTaint(node, corev1.TaintNodeMemoryPressure)
	})
}

func TestNodesAreFurnished(t *testing.T) {
	t.Parallel()
	zones := map[string]bool{}
	for _, name := range []string{"sandbox-0", "sandbox-1", "sandbox-2", "sandbox-3"} {
		node := waitNode(t, suite.shared.client, name, func(node *corev1.Node) bool {
			return node.Name == name && len(node.Status.Capacity) > 0
		})
		if node.Status.Capacity.Cpu().String() != "32" || node.Status.Capacity.Memory().String() != "64Gi" || node.Status.Capacity.Pods().String() != "110" {
			t.Errorf("found capacity %v", node.Status.Capacity)
		}
		if node.Labels["kubernetes.io/hostname"] != name || node.Labels["kubernetes.io/os"] != "linux" || node.Labels["type"] != "kwok" {
			t.Errorf("found labels %v", node.Labels)
		}
		zones[node.Labels["topology.kubernetes.io/zone"]] = true
	}
	if len(zones) != 3 {
		t.Errorf("found zones %v, expected three", zones)
	}
}
