package simulator

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kwok/pkg/utils/cel"
	"sigs.k8s.io/kwok/pkg/utils/gotpl"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// nodeAddress is where the kubelets of all simulated nodes listen.
const nodeAddress = "127.0.0.1"

// registerConditions makes the decisions of the simulation package callable in the conditions of stages. KWOK has no
// other way in than this map; the component calls it once, before it makes the engine.
func registerConditions() {
	cel.DefaultFuncs["PodStep"] = []any{func(pod *corev1.Pod) string { return string(simulation.Next(pod).Step) }}
	cel.DefaultFuncs["PodDelay"] = []any{func(pod *corev1.Pod) string { return simulation.Next(pod).Delay.String() }}
	cel.DefaultFuncs["NodeStep"] = []any{func(node *corev1.Node) string { return string(simulation.NextNode(node).Step) }}
	cel.DefaultFuncs["NodeDelay"] = []any{func(node *corev1.Node) string { return simulation.NextNode(node).Delay.String() }}
}

// templateFunctions makes the results of steps callable in the templates of stages.
func templateFunctions(port int32) gotpl.FuncMap {
	return gotpl.FuncMap{
		"PodPatch": podPatch,
		"PodEvent": podEvent,
		"NodePatch": func(object any) (string, error) {
			return nodePatch(object, port)
		},
	}
}

// patch changes the status of an object only if nobody else has changed the object since it was looked at: lists are
// replaced as a whole, so a condition that someone has added meanwhile would be lost.
type patch[S any] struct {
	Metadata patchMetadata `json:"metadata"`
	Status   S             `json:"status"`
}

type patchMetadata struct {
	ResourceVersion string `json:"resourceVersion"`
}

func podPatch(step string, object any, podIPs, hostIPs any) (string, error) {
	var pod corev1.Pod
	if err := convert(object, &pod); err != nil {
		return "", err
	}
	var addresses simulation.Addresses
	if err := convert(podIPs, &addresses.PodIPs); err != nil {
		return "", err
	}
	if err := convert(hostIPs, &addresses.HostIPs); err != nil {
		return "", err
	}
	status := simulation.After(&pod, simulation.Step(step), addresses, time.Now())
	return encode(patch[corev1.PodStatus]{patchMetadata{pod.ResourceVersion}, status})
}

func podEvent(step string, object any) (string, error) {
	var pod corev1.Pod
	if err := convert(object, &pod); err != nil {
		return "", err
	}
	event := simulation.EventOf(&pod, simulation.Step(step), time.Now())
	if event == nil {
		return "", fmt.Errorf("no event belongs to step %q", step)
	}
	return encode(event)
}

func nodePatch(object any, port int32) (string, error) {
	var node corev1.Node
	if err := convert(object, &node); err != nil {
		return "", err
	}
	status := simulation.NodeStatus(&node, nodeAddress, port, time.Now())
	return encode(patch[corev1.NodeStatus]{patchMetadata{node.ResourceVersion}, status})
}

func convert(from, to any) error {
	encoded, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode what a template was given: %w", err)
	}
	if err := json.Unmarshal(encoded, to); err != nil {
		return fmt.Errorf("decode what a template was given: %w", err)
	}
	return nil
}

func encode(value any) (string, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode the result of a template: %w", err)
	}
	return string(encoded), nil
}
