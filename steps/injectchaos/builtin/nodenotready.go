package builtin

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// notReadyAnnotation makes a simulated node report that it is not ready.
const notReadyAnnotation = "sandbox.scenario-runner.dev/not-ready"

// planNodeNotReady hits simulated nodes: nothing but its kubelet can make a real node NotReady.
func planNodeNotReady(ctx context.Context, request driver.Request) (driver.Fault, error) {
	mapping, err := request.Place.Resolve(ctx, request.Selection.Reference)
	if err != nil {
		return nil, err
	}
	if mapping.Kind != "Node" {
		return nil, fmt.Errorf("node-not-ready hits nodes, not %s", mapping.Kind)
	}
	nodes, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	up, err := simulatedAndReady(nodes)
	if err != nil {
		return nil, err
	}
	return hitChosen(ctx, request, up, nodeHit)
}

// simulatedAndReady returns the nodes that can be hit. One that is not ready anyway would prove nothing.
func simulatedAndReady(nodes []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var simulated, up []*unstructured.Unstructured
	for _, node := range nodes {
		if kube.Simulated(node) {
			simulated = append(simulated, node)
		}
	}
	if len(nodes) > 0 && len(simulated) == 0 {
		return nil, fmt.Errorf("node %s is a real node, and the builtin driver can make only the simulated nodes of a sandbox NotReady; run with --sandbox, or stop its kubelet with kubelet-service-kill of a driver that can", nodes[0].GetName())
	}
	for _, node := range simulated {
		if nodeReady(node) == "True" {
			up = append(up, node)
		}
	}
	return up, nil
}

func nodeHit(ctx context.Context, request driver.Request, node *unstructured.Unstructured) (*hit, error) {
	query, err := queryOf(ctx, request.Place, node)
	if err != nil {
		return nil, err
	}
	value := "true"
	if silent, _ := request.Parameters["silent"].(bool); silent {
		value = "unknown"
	}
	every := query
	every.EveryEvent = true
	look := func(wanted bool) func(kube.Snapshot) (bool, string) {
		return func(shot kube.Snapshot) (bool, string) {
			if shot.Object == nil {
				return !wanted, fmt.Sprintf("Node/%s does not exist", node.GetName())
			}
			status := nodeReady(shot.Object)
			return (status != "True") == wanted, fmt.Sprintf("the Ready condition of Node/%s is %s", node.GetName(), status)
		}
	}
	return &hit{
		object: node, awaitReady: true,
		edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, value, "metadata", "annotations", notReadyAnnotation)}, nil
		},
		proof: sight{every, look(true)},
		gone:  sight{query, look(false)},
	}, nil
}
