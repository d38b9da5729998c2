package builtin

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planScaleToZero hits everything that has a scale subresource, through which the number is set and restored. What has
// no replicas already is no candidate.
func planScaleToZero(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := scalable(ctx, request.Place, request.Selection.Reference); err != nil {
		return nil, err
	}
	objects, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	var hits []*hit
	for _, object := range objects {
		h, err := scaleHit(ctx, request.Place, object)
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

func scalable(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	mapping, err := place.Resolve(ctx, ref)
	if err == nil && !slices.Contains(mapping.Subresources, "scale") {
		err = fmt.Errorf("%s can't be scaled: the kind has no scale subresource", mapping.Kind)
	}
	return err
}

func scaleHit(ctx context.Context, place *kube.Target, object *unstructured.Unstructured) (*hit, error) {
	ref := kube.Ref{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Name: object.GetName(), Namespace: object.GetNamespace()}
	scale, err := subresource(ctx, place, ref, "scale")
	if err != nil {
		return nil, err
	}
	if _, replicas, there := locate(scale, []string{"spec", "replicas"}); !there || same(replicas, 0) {
		return nil, nil
	}
	pods, err := place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: object.GetNamespace()})
	if err != nil {
		return nil, err
	}
	text, _, _ := unstructured.NestedString(scale, "status", "selector")
	if pods.Labels, err = labels.Parse(text); err != nil || text == "" {
		return nil, fmt.Errorf("%s does not say which pods are its own: the selector of its scale is %q", describe(object), text)
	}
	pods.EveryEvent = true
	self, err := queryOf(ctx, place, object)
	if err != nil {
		return nil, err
	}
	return &hit{
		object: object, subresource: "scale",
		edits: func(content map[string]any) ([]edit, error) {
			down := prepare(content, 0, "spec", "replicas")
			down.Omitted = true
			return []edit{down}, nil
		},
		proof: sight{pods, func(shot kube.Snapshot) (bool, string) {
			return len(shot.Objects) == 0, fmt.Sprintf("%s still has %d pods", describe(object), len(shot.Objects))
		}},
		gone: sight{self, scaledUp(object)},
	}, nil
}

// scaledUp waits until a workload has replicas and is ready, with whatever number it was given.
func scaledUp(object *unstructured.Unstructured) func(kube.Snapshot) (bool, string) {
	again := readyAgain(object)
	return func(shot kube.Snapshot) (bool, string) {
		if shot.Object == nil {
			return again(shot)
		}
		if replicas, found, _ := unstructured.NestedInt64(shot.Object.Object, "spec", "replicas"); found && replicas == 0 {
			return false, fmt.Sprintf("%s still asks for no replicas", describe(object))
		}
		return again(shot)
	}
}
