package builtin

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planSecretCorruption hits secrets that hold data. A text is put before each value and taken away again, so that no
// value is ever written to the ledger.
func planSecretCorruption(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "Secret"); err != nil {
		return nil, err
	}
	if request.Parameters.Text("text") == "" {
		return nil, fmt.Errorf("secret-corruption needs a text to put before the values, found an empty one")
	}
	secrets, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	return hitChosen(ctx, request, secrets, secretHit)
}

func secretHit(ctx context.Context, request driver.Request, object *unstructured.Unstructured) (*hit, error) {
	keys, err := keysOf(object, request.Parameters.Text("key"))
	if err != nil {
		return nil, err
	}
	query, err := queryOf(ctx, request.Place, object)
	if err != nil {
		return nil, err
	}
	text := request.Parameters.Text("text")
	every := query
	every.EveryEvent = true
	return &hit{
		object: object,
		edits: func(content map[string]any) ([]edit, error) {
			var out []edit
			for _, key := range keys {
				e, err := cover(content, text, "data", key)
				if err != nil {
					return nil, err
				}
				out = append(out, e)
			}
			return out, nil
		},
		proof: sight{every, func(shot kube.Snapshot) (bool, string) {
			n := covered(shot.Object, keys, text)
			return n == len(keys), fmt.Sprintf("%d of %d keys of %s are corrupted", n, len(keys), describe(object))
		}},
		gone: sight{query, func(shot kube.Snapshot) (bool, string) {
			n := covered(shot.Object, keys, text)
			return n == 0, fmt.Sprintf("%d of %d keys of %s are still corrupted", n, len(keys), describe(object))
		}},
	}, nil
}

// covered counts the keys of a secret whose value begins with our text.
func covered(object *unstructured.Unstructured, keys []string, text string) int {
	if object == nil {
		return 0
	}
	data, _, _ := unstructured.NestedStringMap(object.Object, "data")
	n := 0
	for _, key := range keys {
		if plain, err := base64.StdEncoding.DecodeString(data[key]); err == nil && strings.HasPrefix(string(plain), text) {
			n++
		}
	}
	return n
}

// only refuses targets of another kind than the one that the experiment hits.
func only(ctx context.Context, request driver.Request, kind string) error {
	mapping, err := request.Place.Resolve(ctx, request.Selection.Reference)
	if err == nil && mapping.Kind != kind {
		err = fmt.Errorf("%s hits a %s, not a %s", request.Experiment.Name, kind, mapping.Kind)
	}
	return err
}
