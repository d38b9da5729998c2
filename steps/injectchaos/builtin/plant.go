package builtin

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// plant is what the ledger keeps of an object that is a fault by being there.
type plant struct {
	origin
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Run        string `json:"run"` // whose label the object has
}

// String names the object for people.
func (p plant) String() string {
	return fmt.Sprintf("%s %s in namespace %s", p.Kind, p.Name, p.Namespace)
}

func (p plant) ref() kube.Ref {
	return kube.Ref{APIVersion: p.APIVersion, Kind: p.Kind, Name: p.Name, Namespace: p.Namespace}
}

// seed makes an object for a namespace, marked as made by the run, so that also a cleanup without ledger finds it.
func seed(request driver.Request, apiVersion, kind, namespace string, spec map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	object.SetNamespace(namespace)
	object.SetName(fmt.Sprintf("chaos-%s-%s", request.Experiment.Name, rand.String(5)))
	object.SetLabels(map[string]string{
		kube.RunLabel: request.Run.Scenario.RunID, kube.ScenarioLabel: request.Run.Scenario.ID,
	})
	return object
}

// put creates a seed after its undo is in the ledger.
func put(ctx context.Context, request driver.Request, object *unstructured.Unstructured) (step.Entry, error) {
	entry, err := request.Run.Record(ctx, undoRemove, plant{
		origin: originOf(request.Place), APIVersion: object.GetAPIVersion(), Kind: object.GetKind(),
		Namespace: object.GetNamespace(), Name: object.GetName(), Run: request.Run.Scenario.RunID,
	})
	if err != nil {
		return nil, err
	}
	// The ledger has what it needs, so the layer below must not write an entry of its own.
	if _, err = request.Place.Create(ctx, object, kube.Change{Keep: true}); err == nil || !isStatus(err) {
		return entry, err
	}
	if forget := entry.Forget(ctx); forget != nil {
		return nil, forget
	}
	return nil, err
}

// remove deletes a planted object. One that is gone, or another one of its name, is left alone.
func remove(ctx context.Context, place *kube.Target, p plant) error {
	object, err := place.Get(ctx, p.ref())
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || object.GetLabels()[kube.RunLabel] != p.Run {
		return err
	}
	_, err = place.Delete(ctx, p.ref(), kube.Deletion{Change: kube.Change{Keep: true}, UID: object.GetUID()})
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
