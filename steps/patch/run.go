package patch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

type steps struct{ env *kube.Env }

// run reads the object, patches it and compares.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	began := time.Now()
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return Outputs{}, err
	}
	before, err := place.Get(ctx, c.Object)
	if kube.IsNotFound(err) {
		return Outputs{}, missing(ctx, place, c.Object)
	}
	if err != nil {
		return Outputs{}, err
	}
	after, err := send(ctx, place, c, before)
	if err != nil {
		return Outputs{}, err
	}
	out := Outputs{Object: after.Object, Changed: before.GetResourceVersion() != after.GetResourceVersion(), Took: time.Since(began)}
	run.Progress("%s %s", c.Object, map[bool]string{true: "changed", false: "was like that already"}[out.Changed])
	if c.ExpectChange && !out.Changed {
		return out, step.Fail("the patch changed nothing: %s was like that already", c.Object)
	}
	return out, nil
}

func send(ctx context.Context, place *kube.Target, c Config, before *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	change := kube.Change{Keep: c.Undo == "keep"}
	if c.Type != "apply" {
		return place.Patch(ctx, c.Object, kube.Patch{Change: change, Type: kube.PatchType(c.Type), Body: c.Patch, Subresource: c.Subresource})
	}
	manifest, err := partOf(before, c.Patch)
	if err != nil {
		return nil, err
	}
	applied, err := place.Apply(ctx, manifest, change)
	return applied.Object, err
}

// partOf turns a patch into a manifest of the object that is there: only what the patch names, and the identity.
func partOf(object *unstructured.Unstructured, patch any) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("write the patch as JSON: %w", err)
	}
	manifest := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(raw, &manifest.Object); err != nil {
		return nil, fmt.Errorf("the patch must be a mapping: %w", err)
	}
	manifest.SetGroupVersionKind(object.GroupVersionKind())
	manifest.SetNamespace(object.GetNamespace())
	manifest.SetName(object.GetName())
	return manifest, nil
}

// missing says that there is no object to patch.
func missing(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return err
	}
	if query.Namespace == "" {
		return step.Fail("%s does not exist, so there is nothing to patch", ref)
	}
	return step.Fail("%s does not exist in namespace %s, so there is nothing to patch", ref, query.Namespace)
}
