package builtin

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// disruptedLabel is what no pod has, so that a selector that asks for it finds none.
const disruptedLabel = "scenario-runner.dev/disrupted"

// planServiceDisruption hits services that have ready endpoints: one that has none would prove nothing.
func planServiceDisruption(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "Service"); err != nil {
		return nil, err
	}
	services, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	var hits []*hit
	for _, service := range services {
		h, err := serviceHit(ctx, request.Place, service)
		if err != nil {
			return nil, err
		}
		if h != nil {
			hits = append(hits, h)
		}
	}
	number := request.Selection.Number(request.Experiment, len(hits))
	return &lasting{request: request, candidates: len(hits), hits: hits[:number]}, nil
}

// serviceHit returns nil for a service that has no selector or no ready endpoints.
func serviceHit(ctx context.Context, place *kube.Target, service *unstructured.Unstructured) (*hit, error) {
	if selector, _, _ := unstructured.NestedMap(service.Object, "spec", "selector"); len(selector) == 0 {
		return nil, nil
	}
	slices, err := place.Query(ctx, kube.Ref{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice", Namespace: service.GetNamespace()})
	if err != nil {
		return nil, err
	}
	slices.Labels = labels.SelectorFromSet(labels.Set{"kubernetes.io/service-name": service.GetName()})
	before := 0
	err = place.Watch(ctx, slices, func(shot kube.Snapshot) (bool, error) {
		before = readyEndpoints(shot)
		return true, nil
	})
	if err != nil || before == 0 {
		return nil, err
	}
	every := slices
	every.EveryEvent = true
	return &hit{
		object: service,
		edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, "true", "spec", "selector", disruptedLabel)}, nil
		},
		proof: sight{every, func(shot kube.Snapshot) (bool, string) {
			n := readyEndpoints(shot)
			return n == 0, fmt.Sprintf("%s still has %d ready endpoints", describe(service), n)
		}},
		gone: sight{slices, func(shot kube.Snapshot) (bool, string) {
			n := readyEndpoints(shot)
			return n > 0, fmt.Sprintf("%s has no ready endpoints, it had %d", describe(service), before)
		}},
	}, nil
}

// readyEndpoints counts the endpoints to which a service sends requests.
func readyEndpoints(shot kube.Snapshot) int {
	n := 0
	for _, slice := range shot.Objects {
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, entry := range endpoints {
			endpoint, _ := entry.(map[string]any)
			if ready, found, _ := unstructured.NestedBool(endpoint, "conditions", "ready"); ready || !found {
				n++
			}
		}
	}
	return n
}
