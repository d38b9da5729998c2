// Package cluster reads evidence from an API server and carries operations out on it. It decides nothing.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

// Cluster is one API server.
type Cluster struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// New returns the cluster that a configuration leads to.
func New(config *rest.Config) (*Cluster, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for discovery: %w", err)
	}
	return &Cluster{dynamic: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}, nil
}

// In returns the client for a resource such as pods or deployments.apps. The namespace is left out where the resource has
// none.
func (c *Cluster) In(resource, namespace string) (dynamic.ResourceInterface, error) {
	gvr, err := c.mapper.ResourceFor(schema.ParseGroupResource(resource).WithVersion(""))
	if err != nil {
		return nil, fmt.Errorf("resource %q: %w", resource, err)
	}
	gvk, err := c.mapper.KindFor(gvr)
	if err != nil {
		return nil, fmt.Errorf("kind of %q: %w", resource, err)
	}
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, fmt.Errorf("mapping of %q: %w", resource, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(gvr), nil
	}
	return c.dynamic.Resource(gvr).Namespace(namespace), nil
}

// List returns the objects of a resource in a namespace, by name. A resource that the cluster doesn't have has none.
func (c *Cluster) List(ctx context.Context, resource, namespace string) ([]any, error) {
	client, err := c.In(resource, namespace)
	if meta.IsNoMatchError(errors.Unwrap(err)) {
		return []any{}, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", resource, err)
	}
	slices.SortFunc(list.Items, func(a, b unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	out := make([]any, len(list.Items))
	for i, one := range list.Items {
		out[i] = one.Object
	}
	return out, nil
}

// Snapshot is the evidence of one moment: what was read once is not read again, however many rules ask for it.
type Snapshot struct {
	cluster *Cluster
	lists   map[[2]string][]any
}

// Snapshot returns the evidence of now, which is read when it is asked for.
func (c *Cluster) Snapshot() *Snapshot {
	return &Snapshot{cluster: c, lists: map[[2]string][]any{}}
}

func (s *Snapshot) list(ctx context.Context, resource, namespace string) ([]any, error) {
	key := [2]string{resource, namespace}
	if found, known := s.lists[key]; known {
		return found, nil
	}
	found, err := s.cluster.List(ctx, resource, namespace)
	if err == nil {
		s.lists[key] = found
	}
	return found, err
}

// Gather adds to a scope what is to be looked at, and the values that are named after it.
func (s *Snapshot) Gather(ctx context.Context, base text.Scope, look map[string]rule.Look, let []rule.Name, namespace string) (text.Scope, error) {
	scope := maps.Clone(base)
	maps.Copy(scope, Functions())
	for _, name := range slices.Sorted(maps.Keys(look)) {
		where := namespace
		if expression := look[name].Namespace; expression != "" {
			value, err := scope.Value(expression)
			if err != nil {
				return nil, err
			}
			where = fmt.Sprint(value)
		}
		objects, err := s.list(ctx, look[name].Resource, where)
		if err != nil {
			return nil, err
		}
		scope[name] = objects
	}
	for _, l := range let {
		value, err := scope.Value(l.Value)
		if err != nil {
			return nil, fmt.Errorf("value %s: %w", l.Name, err)
		}
		scope[l.Name] = value
	}
	return scope, nil
}

// Status writes a part of the status of an object.
func (c *Cluster) Status(ctx context.Context, resource, namespace, name string, status map[string]any) error {
	return c.patch(ctx, rule.Object{Resource: resource, Name: name, Namespace: namespace, With: map[string]any{"status": status}}, "status")
}

// Create makes an object. One that exists already is fine.
func (c *Cluster) Create(ctx context.Context, resource, namespace string, object map[string]any) error {
	client, err := c.In(resource, namespace)
	if err != nil {
		return err
	}
	_, err = client.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{FieldManager: manager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create %s: %w", resource, err)
	}
	return nil
}

// Get returns an object.
func (c *Cluster) Get(ctx context.Context, resource, namespace, name string) (map[string]any, error) {
	client, err := c.In(resource, namespace)
	if err != nil {
		return nil, err
	}
	object, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s %q: %w", resource, name, err)
	}
	return object.Object, nil
}
