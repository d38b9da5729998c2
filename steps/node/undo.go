package node

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// undoName is the ledger's name for taking back the edits of one node.
const undoName = "node.revert"

// attempts is how often a change that meets a concurrent one is made again.
const attempts = 10

// entry is what the ledger keeps of one node that was changed.
type entry struct {
	Cluster    string          `json:"cluster,omitempty"`
	Connection kube.Connection `json:"connection"`
	Server     string          `json:"server"` // guards against a context that points elsewhere by then
	Name       string          `json:"name"`
	UID        types.UID       `json:"uid"`
	Edits      edits           `json:"edits"`
}

// describe says what the undo does, for people.
func (e entry) describe() string {
	switch {
	case e.Edits.Unschedulable != nil && *e.Edits.Unschedulable:
		return "uncordon node " + e.Name
	case e.Edits.Unschedulable != nil:
		return "cordon node " + e.Name
	case len(e.Edits.Taints) > 0:
		return "restore the taints of node " + e.Name
	}
	return "restore the labels of node " + e.Name
}

func revertUndo(env *kube.Env) step.Undo {
	return step.DefineUndo(undoName, entry.describe, func(ctx context.Context, e entry) error { return revertAt(ctx, env, e) }, nil)
}

// revertAt takes an entry back, also when this process has not named that cluster.
func revertAt(ctx context.Context, env *kube.Env, e entry) error {
	place, err := env.Target(ctx, &step.Run{Cluster: e.Cluster})
	if err != nil || place.Cluster.Connection != e.Connection {
		other := kube.NewEnv(kube.Options{Clusters: map[string]kube.Connection{"": e.Connection}})
		defer other.Close()
		if place, err = other.Target(ctx, &step.Run{}); err != nil {
			return err
		}
	}
	if server := place.Cluster.Server(); server != e.Server {
		return fmt.Errorf("%s now points to %s, but the node was changed on %s; nothing was done", e.Connection, server, e.Server)
	}
	return revert(ctx, place, e)
}

// revert takes back what still stands. A node that is gone, or another one of its name, is left alone.
func revert(ctx context.Context, place *kube.Target, e entry) error {
	var err error
	for range attempts {
		var node *corev1.Node
		node, err = read(ctx, place, e.Name)
		if kube.IsNotFound(err) {
			return nil
		}
		if err != nil || node.UID != e.UID {
			break
		}
		back := e.Edits.reverse(node)
		if back.empty() {
			return nil
		}
		if err = send(ctx, place, node, back, false); kube.IsNotFound(err) {
			return nil
		}
		if !overtaken(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.describe(), err)
	}
	return nil
}

func ref(name string) kube.Ref { return kube.Ref{APIVersion: "v1", Kind: "Node", Name: name} }

// read returns a node as it is now.
func read(ctx context.Context, place *kube.Target, name string) (*corev1.Node, error) {
	object, err := place.Get(ctx, ref(name))
	if err != nil {
		return nil, err
	}
	return nodeOf(object)
}

func nodeOf(object *unstructured.Unstructured) (*corev1.Node, error) {
	node := &corev1.Node{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, node); err != nil {
		return nil, fmt.Errorf("read node %s: %w", object.GetName(), err)
	}
	return node, nil
}

// send makes edits on the version of the node that was read. The ledger has its entry already unless they are to stay, so the
// layer below must not write one of its own.
func send(ctx context.Context, place *kube.Target, node *corev1.Node, e edits, keep bool) error {
	_, err := place.Patch(ctx, ref(node.Name), kube.Patch{Change: kube.Change{Keep: keep, Recorded: !keep}, Type: kube.JSONPatch, Body: e.operations(node)})
	return err
}

// overtaken reports whether the node changed between our look and our patch. An answer that was lost looks the same: the
// next look shows which it was.
func overtaken(err error) bool {
	status, refused := errors.AsType[*apierrors.StatusError](err)
	if !refused {
		return err != nil && kube.Transient(err)
	}
	// A test that fails has no causes; a value that is not allowed has.
	untrue := apierrors.IsInvalid(err) && (status.ErrStatus.Details == nil || len(status.ErrStatus.Details.Causes) == 0)
	return untrue || apierrors.IsConflict(err)
}
