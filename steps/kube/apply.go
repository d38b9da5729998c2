package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// conflictTries is how often a change that met a concurrent one is made again.
const conflictTries = 10

// Applied is the outcome of Apply or Create.
type Applied struct {
	Object  *unstructured.Unstructured
	Mapping Mapping
	Created bool
}

// Apply makes object what the manifest says by server-side apply, as the one owner of the fields it names. Objects with
// generateName are created. The manifest is not changed.
func (t *Target) Apply(ctx context.Context, manifest *unstructured.Unstructured, change Change) (Applied, error) {
	if manifest.GetName() == "" && manifest.GetGenerateName() != "" {
		return t.Create(ctx, manifest, change)
	}
	object, mapping, err := t.prepare(ctx, manifest)
	if err != nil {
		return Applied{}, err
	}
	entry, err := t.beforeApply(ctx, mapping, object, change)
	if err != nil {
		return Applied{}, describe("apply", mapping, object, err)
	}
	response, err := t.change(ctx, mapping, object, change, client.Request{
		Method: http.MethodPatch, Path: mapping.Path(object.GetNamespace(), object.GetName()),
		Query: url.Values{"force": {"true"}}, ContentType: "application/apply-patch+yaml",
		Patience: t.patience(mapping),
	})
	if err != nil {
		return Applied{}, describe("apply", mapping, object, settleEntry(ctx, entry, err))
	}
	return t.took(mapping, response, change)
}

// beforeApply writes the undo, which depends on what is there, and signs an object that will be new.
func (t *Target) beforeApply(ctx context.Context, mapping Mapping, object *unstructured.Unstructured, change Change) (step.Entry, error) {
	if err := t.permit(mapping, object.GetNamespace(), object.GetName()); err != nil {
		return nil, err
	}
	if t.unrecorded(change, mapping, object.GetNamespace(), object.GetName()) {
		if !change.Keep {
			t.sign(object)
		}
		return nil, nil
	}
	previous, err := t.previous(ctx, mapping, object.GetNamespace(), object.GetName())
	if err != nil {
		return nil, err
	}
	if previous == nil {
		t.sign(object)
		return t.recordCreation(ctx, mapping, object.GetNamespace(), object.GetName())
	}
	// A label of ours on what others made would let cleanup delete it; the label of the run that made it must stay.
	keepSignature(previous, object)
	return t.recordChange(ctx, mapping, previous, "")
}

// Create makes a new object. It is an error if there is one of that name already, unless an answer that was lost had
// made it.
func (t *Target) Create(ctx context.Context, manifest *unstructured.Unstructured, change Change) (Applied, error) {
	object, mapping, err := t.prepare(ctx, manifest)
	if err != nil {
		return Applied{}, err
	}
	if object.GetName() == "" {
		// The name is chosen here because the ledger must have it before the object exists.
		object.SetName(object.GetGenerateName() + rand.String(5))
	}
	if err := t.permit(mapping, object.GetNamespace(), object.GetName()); err != nil {
		return Applied{}, describe("create", mapping, object, err)
	}
	var entry step.Entry
	if !t.unrecorded(change, mapping, object.GetNamespace(), object.GetName()) {
		if entry, err = t.recordCreation(ctx, mapping, object.GetNamespace(), object.GetName()); err != nil {
			return Applied{}, err
		}
	}
	if !change.Keep {
		t.sign(object)
	}
	created, err := t.create(ctx, mapping, object, change)
	if err != nil {
		return Applied{}, describe("create", mapping, object, settleEntry(ctx, entry, err))
	}
	return Applied{Object: created, Mapping: mapping, Created: true}, nil
}

func (t *Target) post(ctx context.Context, mapping Mapping, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return t.create(ctx, mapping, object, Change{})
}

// create sends an object. When an answer was lost and the next attempt finds the name taken, the object is compared: it
// is ours if it carries the marks of this scenario.
func (t *Target) create(ctx context.Context, mapping Mapping, object *unstructured.Unstructured, change Change) (*unstructured.Unstructured, error) {
	lost := false
	patience := t.patience(mapping)
	response, err := t.change(ctx, mapping, object, change, client.Request{
		Method: http.MethodPost, Path: mapping.Path(object.GetNamespace(), ""), ContentType: "application/json",
		Patience: func(err error) bool {
			lost = lost || client.MayHaveWorked(err)
			return patience(err)
		},
	})
	if lost && apierrors.IsAlreadyExists(err) {
		if found, getErr := t.get(ctx, mapping, object.GetNamespace(), object.GetName()); getErr == nil && t.signed(found) {
			return found, nil
		}
	}
	if err != nil {
		return nil, err
	}
	applied, err := t.took(mapping, response, change)
	return applied.Object, err
}

// change sends the body of object with the parameters that all changes share.
func (t *Target) change(ctx context.Context, _ Mapping, object *unstructured.Unstructured, change Change, request client.Request) (*client.Response, error) {
	body, err := object.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write the object as JSON: %w", err)
	}
	request.Body = body
	request.Query = t.parameters(request.Query, change)
	return t.Cluster.Do(ctx, request)
}

// parameters adds what all changes share: who makes them, and that unknown fields are mistakes.
func (t *Target) parameters(query url.Values, change Change) url.Values {
	if query == nil {
		query = url.Values{}
	}
	query.Set("fieldManager", t.Cluster.env.options.FieldManager)
	query.Set("fieldValidation", "Strict")
	if change.DryRun {
		query.Set("dryRun", "All")
	}
	return query
}

// took reads the object that a change led to and lets the watches and the kinds know.
func (t *Target) took(mapping Mapping, response *client.Response, change Change) (Applied, error) {
	object, err := decode(response.Body)
	if err != nil {
		return Applied{}, err
	}
	if !change.DryRun {
		t.Cluster.hub.Observe(mapping, object)
		if discovery.IsDefinition(object) {
			t.Cluster.mapper.Learn(object)
		}
	}
	return Applied{Object: object, Mapping: mapping, Created: response.Status == http.StatusCreated}, nil
}

// prepare returns a copy of manifest that can be sent: in its namespace and without what only servers set.
func (t *Target) prepare(ctx context.Context, manifest *unstructured.Unstructured) (*unstructured.Unstructured, Mapping, error) {
	if manifest.GetKind() == "" || manifest.GetAPIVersion() == "" {
		return nil, Mapping{}, fmt.Errorf("the manifest %q has no apiVersion and kind", manifest.GetName())
	}
	mapping, err := t.Cluster.Find(ctx, manifest.GetAPIVersion(), manifest.GetKind())
	if err != nil {
		return nil, Mapping{}, err
	}
	object, err := copyOf(manifest)
	if err != nil {
		return nil, Mapping{}, err
	}
	if object.GetName() == "" && object.GetGenerateName() == "" {
		return nil, Mapping{}, fmt.Errorf("a manifest of kind %s has no metadata.name", manifest.GetKind())
	}
	object.SetNamespace(t.namespaceOf(mapping, object.GetNamespace()))
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	object.SetUID("")
	return object, mapping, nil
}

// copyOf copies a manifest through JSON, because those that come from YAML hold numbers that apimachinery can't copy.
func copyOf(manifest *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(manifest.Object)
	if err != nil {
		return nil, fmt.Errorf("write %s %s as JSON: %w", manifest.GetKind(), manifest.GetName(), err)
	}
	return decode(body)
}

// patience returns what is worth another attempt for changes: concurrent changes, and a kind that was defined so
// recently that the server does not serve it yet.
func (t *Target) patience(mapping Mapping) func(error) bool {
	conflicts := 0
	return func(err error) bool {
		switch {
		case apierrors.IsConflict(err):
			conflicts++
			return conflicts < conflictTries
		case apierrors.IsNotFound(err):
			return t.Cluster.mapper.Fresh(mapping) && isNoSuchResource(err)
		}
		return false
	}
}

// isNoSuchResource tells the 404 of a path that is not served from that of an object that does not exist.
func isNoSuchResource(err error) bool {
	text := err.Error()
	return strings.Contains(text, "the server could not find the requested resource") || strings.Contains(text, "404 page not found")
}

func describe(verb string, mapping Mapping, object *unstructured.Unstructured, err error) error {
	where := ""
	if object.GetNamespace() != "" {
		where = " in namespace " + object.GetNamespace()
	}
	return fmt.Errorf("%s %s %s%s: %w", verb, mapping.Kind, object.GetName(), where, err)
}
