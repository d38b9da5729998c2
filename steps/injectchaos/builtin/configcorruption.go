package builtin

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planConfigCorruption hits config maps that hold text.
func planConfigCorruption(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "ConfigMap"); err != nil {
		return nil, err
	}
	maps, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	return hitChosen(ctx, request, maps, configHit)
}

func configHit(ctx context.Context, request driver.Request, object *unstructured.Unstructured) (*hit, error) {
	keys, err := keysOf(object, request.Parameters.Text("key"))
	if err != nil {
		return nil, err
	}
	query, err := queryOf(ctx, request.Place, object)
	if err != nil {
		return nil, err
	}
	value := request.Parameters.Text("value")
	every := query
	every.EveryEvent = true
	return &hit{
		object: object,
		edits: func(content map[string]any) ([]edit, error) {
			var out []edit
			for _, key := range keys {
				out = append(out, prepare(content, value, "data", key))
			}
			return out, nil
		},
		proof: sight{every, func(shot kube.Snapshot) (bool, string) {
			n := holding(shot.Object, keys, value)
			return n == len(keys), fmt.Sprintf("%d of %d keys of %s hold the new value", n, len(keys), describe(object))
		}},
		gone: sight{query, func(shot kube.Snapshot) (bool, string) {
			n := holding(shot.Object, keys, value)
			return n == 0, fmt.Sprintf("%d of %d keys of %s still hold the new value", n, len(keys), describe(object))
		}},
	}, nil
}

// keysOf returns the keys that are hit, in a stable order.
func keysOf(object *unstructured.Unstructured, wanted string) ([]string, error) {
	data, _, _ := unstructured.NestedMap(object.Object, "data")
	keys := slices.Sorted(maps.Keys(data))
	switch {
	case len(keys) == 0:
		return nil, fmt.Errorf("%s holds no data to corrupt", describe(object))
	case wanted == "":
		return keys, nil
	case slices.Contains(keys, wanted):
		return []string{wanted}, nil
	}
	return nil, fmt.Errorf("%s has no key %q%s", describe(object), wanted, diag.DidYouMean(wanted, keys))
}

// holding counts the keys of a config map that hold a value.
func holding(object *unstructured.Unstructured, keys []string, value string) int {
	if object == nil {
		return 0
	}
	data, _, _ := unstructured.NestedStringMap(object.Object, "data")
	n := 0
	for _, key := range keys {
		if held, there := data[key]; there && held == value {
			n++
		}
	}
	return n
}
