package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// PatchType is how the body of a patch is read.
type PatchType string

// The patch types.
const (
	MergePatch     PatchType = "merge"     // RFC 7396; lists are replaced; works for every kind
	StrategicPatch PatchType = "strategic" // lists are merged by key; built-in kinds only
	JSONPatch      PatchType = "json"      // RFC 6902, a list of operations
)

var patchContent = map[PatchType]string{
	"": "application/merge-patch+json", MergePatch: "application/merge-patch+json",
	StrategicPatch: "application/strategic-merge-patch+json", JSONPatch: "application/json-patch+json",
}

// Patch is a change of parts of an object.
type Patch struct {
	Change
	Type        PatchType // "" means merge
	Body        any       // decoded YAML or JSON
	Subresource string    // "status" or "scale"; "" is the object itself
}

// Patch changes parts of the named object and returns the object that results, also when a subresource was patched.
// A patch that meets a concurrent change is made again.
func (t *Target) Patch(ctx context.Context, ref Ref, patch Patch) (*unstructured.Unstructured, error) {
	if ref.Name == "" {
		return nil, fmt.Errorf("%s names no single object; give its name", ref)
	}
	query, err := t.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	request, err := patchRequest(query, patch)
	if err != nil {
		return nil, err
	}
	entry, err := t.beforePatch(ctx, query, patch)
	if err == nil {
		request.Query = t.parameters(nil, patch.Change)
		request.Patience = t.patience(query.Mapping)
		var response *client.Response
		if response, err = t.Cluster.Do(ctx, request); err == nil {
			return t.patched(ctx, query, patch, response)
		}
	}
	named := &unstructured.Unstructured{Object: map[string]any{}}
	named.SetNamespace(query.Namespace)
	named.SetName(query.Name)
	return nil, describe("patch", query.Mapping, named, settleEntry(ctx, entry, err))
}

func patchRequest(query Query, patch Patch) (client.Request, error) {
	content, ok := patchContent[patch.Type]
	if !ok {
		return client.Request{}, fmt.Errorf("%q is not a type of patch, expected merge, strategic or json", patch.Type)
	}
	body, err := json.Marshal(patch.Body)
	if err != nil {
		return client.Request{}, fmt.Errorf("write the patch as JSON: %w", err)
	}
	var sub []string
	if patch.Subresource != "" {
		sub = []string{patch.Subresource}
	}
	return client.Request{
		Method: http.MethodPatch, Path: query.Mapping.Path(query.Namespace, query.Name, sub...), ContentType: content, Body: body,
		Once: patch.Type == JSONPatch && !repeatable(body),
	}, nil
}

// listPosition matches a JSON pointer that ends at a position of a list.
var listPosition = regexp.MustCompile(`/(-|[0-9]+)$`)

// repeatable reports whether making the JSON patch a second time changes nothing more.
func repeatable(body []byte) bool {
	var operations []struct {
		Op   string `json:"op"`
		Path string `json:"path"`
	}
	if json.NewDecoder(bytes.NewReader(body)).Decode(&operations) != nil {
		return false
	}
	for _, operation := range operations {
		if operation.Op != "replace" && (operation.Op != "add" || listPosition.MatchString(operation.Path)) {
			return false
		}
	}
	return true
}

func (t *Target) beforePatch(ctx context.Context, query Query, patch Patch) (step.Entry, error) {
	if err := t.permit(query.Mapping, query.Namespace, query.Name); err != nil {
		return nil, err
	}
	if t.unrecorded(patch.Change, query.Mapping, query.Namespace, query.Name) {
		return nil, nil
	}
	previous, err := t.get(ctx, query.Mapping, query.Namespace, query.Name)
	if err != nil {
		return nil, err
	}
	return t.recordChange(ctx, query.Mapping, previous, patch.Subresource)
}

// patched returns the object after a patch. The scale subresource answers with a Scale; then the object is read, so that
// no later wait sees it as it was.
func (t *Target) patched(ctx context.Context, query Query, patch Patch, response *client.Response) (*unstructured.Unstructured, error) {
	object, err := decode(response.Body)
	if err != nil {
		return nil, err
	}
	if object.GetKind() != query.Mapping.Kind {
		if !patch.DryRun {
			t.Cluster.hub.ObserveVersion(query.Mapping, object)
		}
		return t.get(ctx, query.Mapping, query.Namespace, query.Name)
	}
	if !patch.DryRun {
		t.Cluster.hub.Observe(query.Mapping, object)
	}
	return object, nil
}

// Scale sets the number of replicas of the named object.
func (t *Target) Scale(ctx context.Context, ref Ref, replicas int, change Change) (*unstructured.Unstructured, error) {
	return t.Patch(ctx, ref, Patch{
		Change: change, Subresource: "scale", Body: map[string]any{"spec": map[string]any{"replicas": replicas}},
	})
}

// IsNotFound reports whether err says that an object does not exist.
func IsNotFound(err error) bool { return apierrors.IsNotFound(err) }
