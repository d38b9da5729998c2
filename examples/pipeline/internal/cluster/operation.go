package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

// manager is whom the API server notes as the author of a change.
const manager = "pipeline-stand-in"

// Do carries operations out, one after the other.
func (c *Cluster) Do(ctx context.Context, scope text.Scope, namespace string, operations []rule.Operation) error {
	for i, o := range operations {
		items := []any{nil}
		if o.Each != "" {
			value, err := scope.Value(o.Each)
			if err != nil {
				return err
			}
			if items, err = list(value); err != nil {
				return fmt.Errorf("each of operation %d: %w", i+1, err)
			}
		}
		for _, item := range items {
			if err := c.one(ctx, scope.With("item", item), namespace, o); err != nil {
				return fmt.Errorf("operation %d: %w", i+1, err)
			}
		}
	}
	return nil
}

// list reads a value as a list, of whatever it is.
func list(value any) ([]any, error) {
	of := reflect.ValueOf(value)
	if of.Kind() != reflect.Slice {
		return nil, fmt.Errorf("found %v, expected a list", value)
	}
	out := make([]any, of.Len())
	for i := range out {
		out[i] = of.Index(i).Interface()
	}
	return out, nil
}

// one carries one operation out on one item.
func (c *Cluster) one(ctx context.Context, scope text.Scope, namespace string, o rule.Operation) error {
	if wanted, err := scope.True(o.If); err != nil || !wanted {
		return err
	}
	if o.Create != nil {
		return c.create(ctx, scope, namespace, o.Create)
	}
	i := slices.IndexFunc([]*rule.Object{o.Rollback, o.Delete, o.Patch, o.Status}, func(one *rule.Object) bool { return one != nil })
	object, err := fill(scope, namespace, *[]*rule.Object{o.Rollback, o.Delete, o.Patch, o.Status}[i])
	if err != nil {
		return err
	}
	switch {
	case o.Rollback != nil:
		return c.rollback(ctx, object)
	case o.Delete != nil:
		return c.delete(ctx, object)
	case o.Status != nil:
		object.With = map[string]any{"status": object.With}
		return c.patch(ctx, object, "status")
	}
	return c.patch(ctx, object)
}

// fill puts values into the name, the namespace and the content of an object.
func fill(scope text.Scope, namespace string, object rule.Object) (rule.Object, error) {
	name, err := scope.Text(object.Name)
	if err != nil {
		return object, err
	}
	where, err := scope.Text(object.Namespace)
	if err != nil {
		return object, err
	}
	with, err := scope.Fill(object.With)
	if err != nil {
		return object, err
	}
	if where == "" {
		where = namespace
	}
	object.Name, object.Namespace = name, where
	object.With, _ = with.(map[string]any)
	return object, nil
}

func (c *Cluster) create(ctx context.Context, scope text.Scope, namespace string, manifest map[string]any) error {
	filled, err := scope.Fill(manifest)
	if err != nil {
		return err
	}
	object, _ := filled.(map[string]any)
	made := unstructured.Unstructured{Object: object}
	if made.GetNamespace() != "" {
		namespace = made.GetNamespace()
	}
	gvk := made.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(schema.GroupKind{Group: gvk.Group, Kind: gvk.Kind}, gvk.Version)
	if err != nil {
		return fmt.Errorf("kind %s: %w", gvk.Kind, err)
	}
	return c.Create(ctx, mapping.Resource.GroupResource().String(), namespace, object)
}

func (c *Cluster) delete(ctx context.Context, object rule.Object) error {
	client, err := c.In(object.Resource, object.Namespace)
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, object.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete %s %q: %w", object.Resource, object.Name, err)
	}
	return nil
}

func (c *Cluster) patch(ctx context.Context, object rule.Object, subresource ...string) error {
	client, err := c.In(object.Resource, object.Namespace)
	if err != nil {
		return err
	}
	patch, err := json.Marshal(object.With)
	if err != nil {
		return fmt.Errorf("write the patch of %s: %w", object.Resource, err)
	}
	if _, err := client.Patch(ctx, object.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager}, subresource...); err != nil {
		return fmt.Errorf("patch %s %q: %w", object.Resource, object.Name, err)
	}
	return nil
}

// rollback gives a deployment the pod template of the revision before, as kubectl rollout undo does.
func (c *Cluster) rollback(ctx context.Context, object rule.Object) error {
	client, err := c.In("deployments.apps", object.Namespace)
	if err != nil {
		return err
	}
	sets, err := c.List(ctx, "replicasets.apps", object.Namespace)
	if err != nil {
		return err
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		deployment, err := client.Get(ctx, object.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read deployment %q: %w", object.Name, err)
		}
		template, err := before(deployment, sets)
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedMap(deployment.Object, template, "spec", "template"); err != nil {
			return fmt.Errorf("change the template: %w", err)
		}
		_, err = client.Update(ctx, deployment, metav1.UpdateOptions{FieldManager: manager})
		return err //nolint:wrapcheck // the retry looks for a conflict
	})
}

// before returns the pod template of the newest revision but the present one.
func before(deployment *unstructured.Unstructured, sets []any) (map[string]any, error) {
	newest := -1
	var template map[string]any
	for _, one := range sets {
		set := unstructured.Unstructured{Object: one.(map[string]any)}
		if !metav1.IsControlledBy(&set, deployment) {
			continue
		}
		number, err := strconv.Atoi(set.GetAnnotations()[revisionAnnotation])
		if err != nil || number <= newest || set.GetAnnotations()[revisionAnnotation] == deployment.GetAnnotations()[revisionAnnotation] {
			continue
		}
		found, _, err := unstructured.NestedMap(set.Object, "spec", "template")
		if err != nil {
			return nil, fmt.Errorf("template of %s: %w", set.GetName(), err)
		}
		newest, template = number, found
	}
	if template == nil {
		return nil, errors.New("found no revision before the present one")
	}
	unstructured.RemoveNestedField(template, "metadata", "labels", "pod-template-hash")
	return template, nil
}
