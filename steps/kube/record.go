package kube

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// Names of the undos, as the ledger has them.
const (
	undoDeleteNamespace = "kube.deleteNamespace"
	undoDelete          = "kube.delete"
	undoRestore         = "kube.restore"
	undoRecreate        = "kube.recreate"
)

// object is the ledger's way to name an object, complete enough for another process.
type object struct {
	Cluster    string            `json:"cluster,omitempty"`
	Connection Connection        `json:"connection"`
	Server     string            `json:"server"` // guards against a context that points elsewhere by then
	Mapping    discovery.Mapping `json:"mapping"`
	Namespace  string            `json:"namespace,omitempty"`
	Name       string            `json:"name"`
	Run        string            `json:"run"`
	Scenario   string            `json:"scenario"`
	// Previous is the object as it was. It may hold a Secret: it is never shown.
	Previous    map[string]any `json:"previous,omitempty"`
	Subresource string         `json:"subresource,omitempty"`
}

func (t *Target) object(mapping Mapping, namespace, name string) object {
	return object{
		Cluster: t.Cluster.Name, Connection: t.Cluster.Connection, Server: t.Cluster.Server(), Mapping: mapping,
		Namespace: namespace, Name: name, Run: t.run.Scenario.RunID, Scenario: t.run.Scenario.ID,
	}
}

// DeletionOf returns the undo that deletes an object which carries the label of the run, with its data, for those who make the
// object by themselves.
func (c *Cluster) DeletionOf(scenario step.Scenario, mapping Mapping, namespace, name string) (undo string, data any) {
	t := &Target{Cluster: c, run: &step.Run{Scenario: scenario}}
	return undoDelete, t.object(mapping, namespace, name)
}

// Change is what the methods that change objects have in common.
type Change struct {
	// Keep leaves the change after the scenario. In the scenario's own namespace it has no effect: the namespace goes.
	Keep bool
	// Recorded says that the caller has written an undo of its own.
	Recorded bool
	// DryRun lets the server check the change without making it.
	DryRun bool
}

// covered reports whether an object goes with the scenario's own namespace, so that its changes need no ledger entry.
func (t *Target) covered(mapping Mapping, namespace, name string) bool {
	if t.own == "" {
		return false
	}
	return mapping.Namespaced && namespace == t.own || mapping.GVR() == namespaces.GVR() && name == t.own
}

// unrecorded reports whether a change, which is about to be made, needs no ledger entry.
func (t *Target) unrecorded(change Change, mapping Mapping, namespace, name string) bool {
	t.did(change, mapping, name)
	return change.Keep || change.Recorded || change.DryRun || t.covered(mapping, namespace, name)
}

// previous reads an object before it is changed; nil when there is none.
func (t *Target) previous(ctx context.Context, mapping Mapping, namespace, name string) (*unstructured.Unstructured, error) {
	found, err := t.get(ctx, mapping, namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// recordCreation writes the undo of making an object.
func (t *Target) recordCreation(ctx context.Context, mapping Mapping, namespace, name string) (step.Entry, error) {
	return t.run.Record(ctx, undoDelete, t.object(mapping, namespace, name))
}

// recordChange writes the undo of changing an object, or a subresource of it that does not travel with the object.
func (t *Target) recordChange(ctx context.Context, mapping Mapping, previous *unstructured.Unstructured, subresource string) (step.Entry, error) {
	data := t.object(mapping, previous.GetNamespace(), previous.GetName())
	data.Previous = previous.Object
	if subresource == "status" {
		data.Subresource = subresource
	}
	return t.run.Record(ctx, undoRestore, data)
}

// recordRemoval writes the undo of removing an object. Objects that a controller keeps need none: the controller makes
// them again.
func (t *Target) recordRemoval(ctx context.Context, mapping Mapping, previous *unstructured.Unstructured) (step.Entry, error) {
	for _, owner := range previous.GetOwnerReferences() {
		if owner.Controller != nil && *owner.Controller {
			return nil, nil
		}
	}
	data := t.object(mapping, previous.GetNamespace(), previous.GetName())
	data.Previous = previous.Object
	return t.run.Record(ctx, undoRecreate, data)
}

// settleEntry strikes the entry of a change out that the server refused: undoing it could only do harm. It returns err.
func settleEntry(ctx context.Context, entry step.Entry, err error) error {
	_, refused := errors.AsType[*apierrors.StatusError](err)
	if entry == nil || !refused || client.MayHaveWorked(err) {
		return err
	}
	if forget := entry.Forget(ctx); forget != nil {
		return errors.Join(err, forget)
	}
	return err
}
