package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// The ledger's names for taking back the edits of one object, and for removing an object that was planted.
const (
	undoRevert = "chaos.revert"
	undoRemove = "chaos.remove"
)

// attempts is how often an edit or its revert is tried when it meets concurrent changes.
const attempts = 10

// origin is where a fault was made.
type origin struct {
	Cluster    string          `json:"cluster,omitempty"`
	Connection kube.Connection `json:"connection"`
	Server     string          `json:"server"` // guards against a context that points elsewhere by then
}

func originOf(place *kube.Target) origin {
	return origin{Cluster: place.Cluster.Name, Connection: place.Cluster.Connection, Server: place.Cluster.Server()}
}

// edited is what the ledger keeps of one object that was hit.
type edited struct {
	origin
	APIVersion  string    `json:"apiVersion"`
	Kind        string    `json:"kind"`
	Namespace   string    `json:"namespace,omitempty"`
	Name        string    `json:"name"`
	UID         types.UID `json:"uid"`
	Subresource string    `json:"subresource,omitempty"`
	Edits       []edit    `json:"edits"`
	// Stuck is the image of pods that the controller does not replace by itself once the edit is taken back.
	Stuck string `json:"stuck,omitempty"`
	// AwaitReady makes the undo wait until the node is ready.
	AwaitReady bool `json:"awaitReady,omitempty"`
}

func (e edited) ref() kube.Ref {
	return kube.Ref{APIVersion: e.APIVersion, Kind: e.Kind, Name: e.Name, Namespace: e.Namespace}
}

// String names the object for people.
func (e edited) String() string {
	if e.Namespace == "" {
		return fmt.Sprintf("%s %s", e.Kind, e.Name)
	}
	return fmt.Sprintf("%s %s in namespace %s", e.Kind, e.Name, e.Namespace)
}

// Undos returns the undos of this driver's faults.
func Undos(env *kube.Env) []step.Undo { return undos(env, reach{shell: inContainer}) }

func undos(env *kube.Env, r reach) []step.Undo {
	u := undoer{env}
	return []step.Undo{
		step.DefineUndo(undoRevert,
			func(e edited) string { return "take the fault back from " + e.String() },
			func(ctx context.Context, e edited) error {
				return u.at(ctx, e.origin, e.Namespace, func(place *kube.Target) error { return revert(ctx, place, e) })
			},
			func(ctx context.Context, e edited) error {
				return u.at(ctx, e.origin, e.Namespace, func(place *kube.Target) error { return settled(ctx, place, e) })
			},
		),
		step.DefineUndo(undoRemove,
			func(p plant) string { return "remove " + p.String() },
			func(ctx context.Context, p plant) error {
				return u.at(ctx, p.origin, p.Namespace, func(place *kube.Target) error { return remove(ctx, place, p) })
			},
			nil,
		),
		step.DefineUndo(undoLoad,
			func(l loaded) string { return "end the load in " + l.String() },
			func(ctx context.Context, l loaded) error {
				return u.at(ctx, l.origin, l.Namespace, func(place *kube.Target) error { return calm(ctx, place, r, l) })
			},
			nil,
		),
	}
}

type undoer struct{ env *kube.Env }

// at calls f with the place of a fault, also when this process has not named that cluster.
func (u undoer) at(ctx context.Context, o origin, namespace string, f func(*kube.Target) error) error {
	target, err := u.env.Target(ctx, &step.Run{Cluster: o.Cluster, Namespace: namespace})
	if err != nil || target.Cluster.Connection != o.Connection {
		other := kube.NewEnv(kube.Options{Clusters: map[string]kube.Connection{"": o.Connection}})
		defer other.Close()
		if target, err = other.Target(ctx, &step.Run{Namespace: namespace}); err != nil {
			return err
		}
	}
	if server := target.Cluster.Server(); server != o.Server {
		return fmt.Errorf("%s now points to %s, but the fault was made on %s; nothing was done", o.Connection, server, o.Server)
	}
	return f(target)
}

// revert takes the edits back that still stand. An object that is gone, or another one of its name, is left alone.
func revert(ctx context.Context, place *kube.Target, e edited) error {
	var err error
	for range attempts {
		if err = revertOnce(ctx, place, e); !overtaken(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("take the fault back from %s: %w", e, err)
	}
	return unstick(ctx, place, e)
}

// overtaken reports whether somebody changed the object between our look and our patch. An answer that was lost looks
// the same: the next look shows which it was.
func overtaken(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsConflict(err) || err != nil && !isStatus(err) && kube.Transient(err)
}

func isStatus(err error) bool {
	_, ok := errors.AsType[*apierrors.StatusError](err)
	return ok
}

func revertOnce(ctx context.Context, place *kube.Target, e edited) error {
	object, content, err := read(ctx, place, e)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || object.GetUID() != e.UID {
		return err
	}
	var operations []operation
	for _, edit := range e.Edits {
		operations = append(operations, edit.revert(content)...)
	}
	if len(operations) == 0 {
		return nil
	}
	_, err = patch(ctx, place, e, operations)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// patch sends operations. The ledger has what it needs, so the layer below must not write an entry of its own.
func patch(ctx context.Context, place *kube.Target, e edited, operations []operation) (*unstructured.Unstructured, error) {
	return place.Patch(ctx, e.ref(), kube.Patch{
		Change: kube.Change{Recorded: true}, Type: kube.JSONPatch, Body: operations, Subresource: e.Subresource,
	})
}

// read returns the object and the content that the edits are about: its own, or that of a subresource.
func read(ctx context.Context, place *kube.Target, e edited) (*unstructured.Unstructured, map[string]any, error) {
	object, err := place.Get(ctx, e.ref())
	if err != nil || e.Subresource == "" {
		if err != nil {
			return nil, nil, err
		}
		return object, object.Object, nil
	}
	content, err := subresource(ctx, place, e.ref(), e.Subresource)
	return object, content, err
}

func subresource(ctx context.Context, place *kube.Target, ref kube.Ref, name string) (map[string]any, error) {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	response, err := place.Cluster.Do(ctx, client.Request{Method: "GET", Path: query.Mapping.Path(query.Namespace, query.Name, name)})
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := json.Unmarshal(response.Body, &content); err != nil {
		return nil, fmt.Errorf("read the %s of %s: %w", name, ref, err)
	}
	return content, nil
}

// unstick deletes the pods that a StatefulSet keeps although their image can't be pulled: it waits for a pod to become
// ready before it goes on, so a pod of a broken revision would block it for ever.
func unstick(ctx context.Context, place *kube.Target, e edited) error {
	if e.Stuck == "" {
		return nil
	}
	pods, err := place.List(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: e.Namespace})
	if err != nil {
		return fmt.Errorf("look for pods of %s: %w", e, err)
	}
	for _, pod := range pods {
		if ownerOf(pod).UID != e.UID || !slices.Contains(images(pod), e.Stuck) {
			continue
		}
		ref := kube.Ref{APIVersion: "v1", Kind: "pods", Name: pod.GetName(), Namespace: pod.GetNamespace()}
		if _, err := place.Delete(ctx, ref, kube.Deletion{Change: kube.Change{Keep: true}, UID: pod.GetUID()}); err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

// settled waits until a node that was made NotReady is ready again, so that the next scenario finds it so.
func settled(ctx context.Context, place *kube.Target, e edited) error {
	if !e.AwaitReady {
		return nil
	}
	return place.WatchRef(ctx, e.ref(), func(shot kube.Snapshot) (bool, error) {
		return shot.Object == nil || shot.Object.GetUID() != e.UID || nodeReady(shot.Object) == "True", nil
	})
}
