package kube

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// Target is the place where one step works: a cluster, a namespace and the ledger of its scenario.
type Target struct {
	Cluster   *Cluster
	Namespace string // where objects are that name no namespace

	run *step.Run
	own string // the scenario's own namespace, which goes with all it holds; "" when it has none
}

// Target returns the place where run works: the cluster and namespace that the step names, else those of its scenario.
// The scenario's own namespace is created when the first step needs it.
func (e *Env) Target(ctx context.Context, run *step.Run) (*Target, error) {
	cluster, err := e.Cluster(ctx, run.Cluster)
	if err != nil {
		return nil, err
	}
	if err := e.chosen(cluster.Connection, run.Scenario.Safety); err != nil {
		return nil, err
	}
	target := &Target{Cluster: cluster, Namespace: run.Scenario.Namespace, run: run}
	if run.Namespace != "" {
		target.Namespace = run.Namespace
	}
	if run.Scenario.Owned {
		target.own = run.Scenario.Namespace
		if target.Namespace == target.own {
			return target, e.settle(ctx, target)
		}
	}
	return target, nil
}

// In returns a target that works in another namespace of the same cluster.
func (t *Target) In(namespace string) *Target {
	other := *t
	if namespace != "" {
		other.Namespace = namespace
	}
	return &other
}

// Resolve returns the mapping that ref means on this server.
func (t *Target) Resolve(ctx context.Context, ref Ref) (Mapping, error) {
	if err := ref.Check(); err != nil {
		return Mapping{}, err
	}
	return t.Cluster.Find(ctx, ref.APIVersion, ref.Kind)
}

// Query returns what a wait for ref is about.
func (t *Target) Query(ctx context.Context, ref Ref) (Query, error) {
	mapping, err := t.Resolve(ctx, ref)
	if err != nil {
		return Query{}, err
	}
	byLabel, byField, err := ref.selectors()
	if err != nil {
		return Query{}, err
	}
	return Query{Mapping: mapping, Namespace: t.namespaceOf(mapping, ref.Namespace), Name: ref.Name, Labels: byLabel, Fields: byField}, nil
}

// namespaceOf returns the namespace of an object of this kind that names one or none.
func (t *Target) namespaceOf(mapping Mapping, given string) string {
	switch {
	case !mapping.Namespaced:
		return ""
	case given != "":
		return given
	}
	return t.Namespace
}

// Get reads the named object as it is now. It returns an error that apierrors.IsNotFound knows when there is none.
func (t *Target) Get(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	if ref.Name == "" {
		return nil, fmt.Errorf("%s names no single object; give its name", ref)
	}
	query, err := t.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	return t.get(ctx, query.Mapping, query.Namespace, query.Name)
}

func (t *Target) get(ctx context.Context, mapping Mapping, namespace, name string, subresource ...string) (*unstructured.Unstructured, error) {
	var object *unstructured.Unstructured
	_, err := t.Cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: mapping.Path(namespace, name, subresource...),
		Check: func(response *client.Response) (err error) {
			if object, err = decode(response.Body); err != nil || len(subresource) > 0 {
				return err
			}
			if err := t.Cluster.hub.Fresh(mapping, object); err != nil {
				return client.Again(err)
			}
			return nil
		},
	})
	if apierrors.IsNotFound(err) && len(subresource) == 0 {
		t.Cluster.hub.ObserveGone(mapping, watch.Key{Namespace: namespace, Name: name}, "")
	}
	if err != nil {
		return nil, err
	}
	if len(subresource) == 0 {
		t.Cluster.hub.Observe(mapping, object)
	}
	return object, nil
}

// List reads the objects that ref means as they are now, in the server's order (namespace, then name).
func (t *Target) List(ctx context.Context, ref Ref) ([]*unstructured.Unstructured, error) {
	query, err := t.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	return t.Cluster.list(ctx, query)
}

// WatchRef is Watch for a Ref.
func (t *Target) WatchRef(ctx context.Context, ref Ref, f func(Snapshot) (done bool, err error)) error {
	query, err := t.Query(ctx, ref)
	if err != nil {
		return err
	}
	return t.Watch(ctx, query, f)
}

// Watch calls f with the present state of what query is about and after each change, until f is done or fails, ctx
// ends or the watch is refused. It costs no requests while others already watch the same resource.
func (t *Target) Watch(ctx context.Context, query Query, f func(Snapshot) (done bool, err error)) error {
	return t.Cluster.Watch(ctx, query, f)
}

// decode reads one object.
func decode(body []byte) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(body, &object.Object); err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	return object, nil
}
