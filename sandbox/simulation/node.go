package simulation

import (
	"fmt"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The annotation that hands a node to the simulation; a real node doesn't have it.
const (
	NodeAnnotation      = "kwok.x-k8s.io/node"
	NodeAnnotationValue = "fake"
)

// The label that tells simulated nodes from real ones.
const (
	NodeTypeLabel = "sandbox.scenario-runner.dev/node-type"
	TypeReal      = "real"
	TypeSimulated = "simulated"
)

// NodeTaint is what keeps pods off simulated nodes that don't ask for them, where there is a real node too.
func NodeTaint() corev1.Taint {
	return corev1.Taint{Key: NodeAnnotation, Value: NodeAnnotationValue, Effect: corev1.TaintEffectNoSchedule}
}

// The steps of a node.
const (
	// NodeUpdate brings the reported conditions up to date.
	NodeUpdate Step = "node-update"
	// NodeHeartbeat reports unchanged conditions, as a kubelet does every five minutes besides renewing its lease.
	NodeHeartbeat Step = "node-heartbeat"
)

const (
	heartbeatInterval = 5 * time.Minute
	zones             = 3
)

// NodeName is the name of a simulated node.
func NodeName(index int) string { return fmt.Sprintf("sandbox-%d", index) }

// Node returns a simulated node as it is registered. It carries no taint, so pods land on it without a toleration.
func Node(index int) *corev1.Node {
	name := NodeName(index)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{NodeAnnotation: NodeAnnotationValue},
			Labels: map[string]string{
				"type":                             "kwok",
				"kubernetes.io/hostname":           name,
				"kubernetes.io/os":                 "linux",
				"kubernetes.io/arch":               runtime.GOARCH,
				"kubernetes.io/role":               "agent",
				"node-role.kubernetes.io/agent":    "",
				"topology.kubernetes.io/region":    "sandbox",
				"topology.kubernetes.io/zone":      fmt.Sprintf("sandbox-%c", 'a'+rune(index%zones)),
				"node.kubernetes.io/instance-type": "simulated",
				NodeTypeLabel:                      TypeSimulated,
			},
		},
	}
}

// NextNode says what a node does next.
func NextNode(node *corev1.Node) Plan {
	if node.Status.DaemonEndpoints.KubeletEndpoint.Port == 0 {
		return Plan{Step: NodeUpdate}
	}
	reported := map[corev1.NodeConditionType]corev1.ConditionStatus{}
	for _, condition := range node.Status.Conditions {
		reported[condition.Type] = condition.Status
	}
	for _, condition := range nodeConditions(node) {
		if reported[condition.Type] != condition.Status {
			return Plan{Step: NodeUpdate}
		}
	}
	return Plan{Step: NodeHeartbeat, Delay: heartbeatInterval}
}

// NodeStatus returns the status of a node: what the simulation reports for it at an address and port.
func NodeStatus(node *corev1.Node, address string, port int32, now time.Time) corev1.NodeStatus {
	status := node.Status.DeepCopy()
	status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: address},
		{Type: corev1.NodeHostName, Address: node.Name},
	}
	status.DaemonEndpoints.KubeletEndpoint.Port = port
	if len(status.Capacity) == 0 {
		status.Capacity = corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse("32"),
			corev1.ResourceMemory:           resource.MustParse("64Gi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("256Gi"),
			corev1.ResourcePods:             resource.MustParse("110"),
		}
	}
	if len(status.Allocatable) == 0 {
		status.Allocatable = status.Capacity.DeepCopy()
	}
	status.NodeInfo = corev1.NodeSystemInfo{
		MachineID: node.Name, SystemUUID: node.Name, BootID: node.Name,
		KernelVersion: "simulated", OSImage: "simulated by KWOK", ContainerRuntimeVersion: "simulated://0",
		KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: runtime.GOARCH,
	}
	status.Conditions = mergeNodeConditions(status.Conditions, nodeConditions(node), metav1.NewTime(now))
	return *status
}

// nodeConditions returns the conditions that the annotations and labels of a node ask for.
func nodeConditions(node *corev1.Node) []corev1.NodeCondition {
	conditions := []corev1.NodeCondition{readyCondition(node)}
	pressures := []struct {
		kind          corev1.NodeConditionType
		key           string
		bad, good     string
		badMessage    string
		normalMessage string
	}{
		{corev1.NodeMemoryPressure, MemoryPressure, "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory", "kubelet has insufficient memory available (simulated)", "kubelet has sufficient memory available"},
		{corev1.NodeDiskPressure, DiskPressure, "KubeletHasDiskPressure", "KubeletHasNoDiskPressure", "kubelet has disk pressure (simulated)", "kubelet has no disk pressure"},
		{corev1.NodePIDPressure, PIDPressure, "KubeletHasInsufficientPID", "KubeletHasSufficientPID", "kubelet has insufficient PID available (simulated)", "kubelet has sufficient PID available"},
		{corev1.NodeNetworkUnavailable, NetworkUnavailable, "NoRouteCreated", "RouteCreated", "there is no route to the node (simulated)", "RouteController created a route"},
	}
	for _, pressure := range pressures {
		condition := corev1.NodeCondition{Type: pressure.kind, Status: corev1.ConditionFalse, Reason: pressure.good, Message: pressure.normalMessage}
		if nodeSteered(node, pressure.key) == "true" {
			condition.Status, condition.Reason, condition.Message = corev1.ConditionTrue, pressure.bad, pressure.badMessage
		}
		conditions = append(conditions, condition)
	}
	return conditions
}

func readyCondition(node *corev1.Node) corev1.NodeCondition {
	condition := corev1.NodeCondition{Type: corev1.NodeReady}
	switch nodeSteered(node, NotReady) {
	case "true":
		condition.Status, condition.Reason, condition.Message = corev1.ConditionFalse, "KubeletNotReady", "container runtime network not ready (simulated)"
	case "unknown":
		condition.Status, condition.Reason, condition.Message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status. (simulated)"
	default:
		condition.Status, condition.Reason, condition.Message = corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"
	}
	return condition
}

// nodeSteered reads an annotation or, if there is none, the label of the same name.
func nodeSteered(node *corev1.Node, key string) string {
	if value, found := node.Annotations[key]; found {
		return value
	}
	return node.Labels[key]
}

// mergeNodeConditions keeps the conditions of others and the times of those that haven't changed.
func mergeNodeConditions(reported, wanted []corev1.NodeCondition, now metav1.Time) []corev1.NodeCondition {
	merged := make([]corev1.NodeCondition, 0, len(reported)+len(wanted))
	for _, condition := range wanted {
		condition.LastHeartbeatTime, condition.LastTransitionTime = now, now
		for _, before := range reported {
			if before.Type == condition.Type && before.Status == condition.Status {
				condition.LastTransitionTime = before.LastTransitionTime
			}
		}
		merged = append(merged, condition)
	}
	for _, before := range reported {
		ours := false
		for _, condition := range wanted {
			ours = ours || condition.Type == before.Type
		}
		if !ours {
			merged = append(merged, before)
		}
	}
	return merged
}

// NodeReady says whether a node is reported ready.
func NodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// NodeLost says whether a node is steered to be lost and is reported so.
func NodeLost(node *corev1.Node) bool {
	if nodeSteered(node, NotReady) != "unknown" {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionUnknown
		}
	}
	return false
}
