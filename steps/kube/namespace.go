package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Labels and annotations of everything that a run creates. cleanup finds leftovers by the labels alone.
const (
	RunLabel           = "scenario-runner.dev/run"      // id of the run
	ScenarioLabel      = "scenario-runner.dev/scenario" // id of the scenario
	NameAnnotation     = "scenario-runner.dev/name"     // name of the scenario
	LocationAnnotation = "scenario-runner.dev/folder"   // folder of the scenario file
)

var namespaces = Mapping{
	Version: "v1", Kind: "Namespace", Resource: "namespaces", Singular: "namespace", ShortNames: []string{"ns"},
	Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"}, Subresources: []string{"finalize", "status"},
}

// home identifies the own namespace of a scenario on a cluster.
type home struct {
	scenario   string
	connection Connection
}

// namespace is what is known of the own namespace of a scenario.
type namespace struct {
	turn    chan struct{} // held while it is created
	entry   step.Entry
	created bool
}

func (e *Env) home(at home) *namespace {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.namespaces[at] == nil {
		e.namespaces[at] = &namespace{turn: make(chan struct{}, 1)}
	}
	return e.namespaces[at]
}

// settle creates the own namespace of the scenario unless an earlier step did. It costs one request.
func (e *Env) settle(ctx context.Context, t *Target) error {
	space := e.home(home{t.run.Scenario.ID, t.Cluster.Connection})
	select {
	case space.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-space.turn }()
	if space.created {
		return nil
	}
	if space.entry == nil {
		entry, err := t.run.Record(ctx, undoDeleteNamespace, t.object(namespaces, "", t.own))
		if err != nil {
			return err
		}
		space.entry = entry
	}
	object, err := t.post(ctx, namespaces, t.namespaceObject())
	if err != nil {
		if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) {
			// Nothing of ours was made, so nothing must be removed at the end.
			if forget := space.entry.Forget(ctx); forget != nil {
				return forget
			}
			space.entry = nil
		}
		return fmt.Errorf("create the scenario's namespace %s: %w", t.own, err)
	}
	e.remember(t.Cluster, t.own, object.GetUID())
	space.created = true
	return nil
}

func (t *Target) namespaceObject() *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	object.SetName(t.own)
	t.sign(object)
	object.SetAnnotations(map[string]string{
		NameAnnotation: t.run.Scenario.Name, LocationAnnotation: t.run.Scenario.Dir,
	})
	return object
}

// sign marks object as made by this scenario.
func (t *Target) sign(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[RunLabel] = t.run.Scenario.RunID
	labels[ScenarioLabel] = t.run.Scenario.ID
	object.SetLabels(labels)
}

// keepSignature marks object as made by whom previous was made by, if by a run at all.
func keepSignature(previous, object *unstructured.Unstructured) {
	labels := object.GetLabels()
	for _, name := range []string{RunLabel, ScenarioLabel} {
		if value, ok := previous.GetLabels()[name]; ok {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[name] = value
		}
	}
	object.SetLabels(labels)
}

// signed reports whether object was made by this scenario.
func (t *Target) signed(object *unstructured.Unstructured) bool {
	labels := object.GetLabels()
	return labels[RunLabel] == t.run.Scenario.RunID && labels[ScenarioLabel] == t.run.Scenario.ID
}

// made identifies a namespace that this process created.
type made struct {
	connection Connection
	name       string
}

// remember keeps the uid of a namespace of ours, which saves the undo from asking whether it is still the same one.
func (e *Env) remember(c *Cluster, name string, uid types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made[made{c.Connection, name}] = uid
}

// recall returns the uid of a namespace that this process created, once.
func (e *Env) recall(c *Cluster, name string) types.UID {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := made{c.Connection, name}
	uid := e.made[key]
	delete(e.made, key)
	return uid
}

// EndScenario forgets what was kept for a scenario. Its undos may still come.
func (e *Env) EndScenario(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for at := range e.namespaces {
		if at.scenario == id {
			delete(e.namespaces, at)
		}
	}
}
