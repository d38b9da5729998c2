package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Undos returns the undos that changes made through this package need. They work on the data alone, so another process
// can carry them out.
func (e *Env) Undos() []step.Undo {
	return []step.Undo{
		step.DefineUndo(undoDeleteNamespace, undoText("delete"), e.startDeleteNamespace, e.waitDeleted),
		step.DefineUndo(undoDelete, undoText("delete"), e.startDelete, e.waitDeleted),
		step.DefineUndo(undoRestore, undoText("restore"), e.startRestore, nil),
		step.DefineUndo(undoRecreate, undoText("create again"), e.startRecreate, nil),
	}
}

// undoText returns what an undo does, for people. The previous object stays out of it: it may be a Secret.
func undoText(verb string) func(object) string {
	return func(o object) string {
		text := fmt.Sprintf("%s %s %s", verb, o.Mapping.Singular, o.Name)
		if o.Mapping.Singular == "" {
			text = fmt.Sprintf("%s %s %s", verb, o.Mapping.Kind, o.Name)
		}
		if o.Namespace != "" {
			text += " in namespace " + o.Namespace
		}
		if o.Subresource != "" {
			text += " (its " + o.Subresource + ")"
		}
		if o.Cluster != "" {
			text += " on cluster " + o.Cluster
		}
		return text
	}
}

// cluster connects to where the entry was made and makes sure that it is still the same server.
func (e *Env) cluster(o object) (*Cluster, error) {
	cluster, err := e.open(o.Cluster, o.Connection)
	if err != nil {
		return nil, err
	}
	if cluster.Server() != o.Server {
		return nil, fmt.Errorf("%s now points to %s, but the change was made on %s; nothing was done", o.Connection, cluster.Server(), o.Server)
	}
	return cluster, nil
}

func (o object) query() Query {
	return Query{Mapping: o.Mapping, Namespace: o.Namespace, Name: o.Name}
}

// ours reports whether found was made by the run of the entry.
func (o object) ours(found *unstructured.Unstructured) bool {
	return found.GetLabels()[RunLabel] == o.Run
}

// startDeleteNamespace deletes the scenario's namespace, without a look at it first when this process has made it.
func (e *Env) startDeleteNamespace(ctx context.Context, o object) error {
	cluster, err := e.cluster(o)
	if err != nil {
		return err
	}
	uid := e.recall(cluster, o.Name)
	if uid == "" {
		return e.startDelete(ctx, o)
	}
	return cluster.removeOnly(ctx, o, uid)
}

// startDelete deletes an object if it is the one that the run has made.
func (e *Env) startDelete(ctx context.Context, o object) error {
	cluster, err := e.cluster(o)
	if err != nil {
		return err
	}
	found, err := cluster.target().get(ctx, o.Mapping, o.Namespace, o.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for %s %s: %w", o.Mapping.Kind, o.Name, err)
	}
	if !o.ours(found) {
		return nil
	}
	return cluster.removeOnly(ctx, o, found.GetUID())
}

// removeOnly deletes an object unless another one has taken its name.
func (c *Cluster) removeOnly(ctx context.Context, o object, uid types.UID) error {
	_, err := c.remove(ctx, o.query(), Deletion{UID: uid})
	if apierrors.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", o.Mapping.Kind, o.Name, err)
	}
	return nil
}

// waitDeleted waits until the object of the run is gone.
func (e *Env) waitDeleted(ctx context.Context, o object) error {
	cluster, err := e.cluster(o)
	if err != nil {
		return err
	}
	var last *unstructured.Unstructured
	err = cluster.Watch(ctx, o.query(), func(shot Snapshot) (bool, error) {
		last = shot.Object
		return last == nil || !o.ours(last), nil
	})
	switch {
	case apierrors.IsForbidden(err):
		return cluster.pollGone(ctx, o)
	case apierrors.IsNotFound(err):
		return nil // the kind is gone, and all objects with it
	case err != nil && ctx.Err() != nil && last != nil:
		return fmt.Errorf("%s %s is still there%s: %w", o.Mapping.Kind, o.Name, whyStill(last), err)
	}
	return err
}

// target returns a target without a scenario, for reading.
func (c *Cluster) target() *Target { return &Target{Cluster: c} }
