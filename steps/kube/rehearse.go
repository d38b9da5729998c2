package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// standIn is the namespace in which objects are checked whose own one is made by the run. Every cluster has it.
const standIn = "default"

// Objection is what a server says against a change.
type Objection struct {
	Message string
	Field   string // where, as in spec.containers[0].image; "" when it does not say
}

// Rehearse has the server check an object as if it were applied, its quotas and admission webhooks included, and store
// nothing. Nil means that it would be taken, or that nobody can know before the run: its kind or its namespace may come
// with it, and so may other objects that it names. An error says that the server could not be asked.
func (e *Env) Rehearse(ctx context.Context, run *step.Run, manifest *unstructured.Unstructured) (*Objection, error) {
	place, err := e.rehearsal(ctx, run)
	if place == nil {
		return nil, err
	}
	mapping, err := place.Cluster.Find(ctx, manifest.GetAPIVersion(), manifest.GetKind())
	if err != nil {
		return nil, nil //nolint:nilerr // missing-kind says so
	}
	if mapping.Namespaced && cmp.Or(manifest.GetNamespace(), place.Namespace) == "" {
		_, err = place.In(standIn).createIfNew(ctx, manifest)
		return objection(err, true)
	}
	_, err = place.Apply(ctx, manifest, Change{DryRun: true, Keep: true})
	return objection(err, false)
}

// createIfNew has the server check a new object. Whether the name is taken is looked at last, so that everything else
// was right then.
func (t *Target) createIfNew(ctx context.Context, manifest *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	object, mapping, err := t.prepare(ctx, manifest)
	if err != nil {
		return nil, err
	}
	if object.GetName() == "" {
		object.SetName(object.GetGenerateName() + rand.String(5))
	}
	made, err := t.create(ctx, mapping, object, Change{DryRun: true, Keep: true})
	if apierrors.IsAlreadyExists(err) {
		return nil, nil
	}
	return made, err
}

// RehearsePatch is Rehearse for a patch. What does not exist may come with the run, so there is nothing to say of it.
func (e *Env) RehearsePatch(ctx context.Context, run *step.Run, ref Ref, patch Patch) (*Objection, error) {
	place, err := e.rehearsal(ctx, run)
	if place == nil {
		return nil, err
	}
	query, err := place.Query(ctx, ref)
	if err != nil || query.Mapping.Namespaced && query.Namespace == "" {
		return nil, nil //nolint:nilerr // missing-kind says so
	}
	patch.DryRun, patch.Keep = true, true
	_, err = place.Patch(ctx, ref, patch)
	return objection(err, false)
}

// rehearsal returns the place where a step would work, with "" for a namespace that the run makes. It is nil when that
// is another cluster than the one that is asked, or not known yet.
func (e *Env) rehearsal(ctx context.Context, run *step.Run) (*Target, error) {
	if run.Cluster != "" && run.Cluster != defaultName || strings.Contains(run.Namespace, "${{") {
		return nil, nil
	}
	asked := *run
	asked.Scenario.Owned = false // nothing is made
	return e.Target(ctx, &asked)
}

// objection tells what a server says against a change from what it says of other things.
func objection(err error, elsewhere bool) (*Objection, error) {
	status, answered := errors.AsType[*apierrors.StatusError](err)
	if err == nil || !answered {
		return nil, err
	}
	message := status.ErrStatus.Message
	switch {
	case strings.Contains(message, "not found") || strings.Contains(message, "was found"):
		return nil, nil
	case forbidsWhoAsks(message) && elsewhere:
		return nil, fmt.Errorf("you may not create it in namespace %s, where it would be checked: %w", standIn, err)
	}
	switch status.ErrStatus.Code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity:
	default:
		return nil, err
	}
	out := &Objection{Message: message}
	if details := status.ErrStatus.Details; details != nil && len(details.Causes) > 0 {
		out.Field = details.Causes[0].Field
	}
	return out, nil
}

// forbidsWhoAsks tells a refusal of the user from that of the object.
func forbidsWhoAsks(message string) bool {
	return strings.Contains(message, `User "`) && strings.Contains(message, " cannot ")
}
