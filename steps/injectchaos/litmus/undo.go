package litmus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// undoEngine is the ledger's name for stopping an engine and removing it.
const undoEngine = "chaos.litmus"

// running is what the ledger keeps of one engine. Its name is chosen by us and never used twice.
type running struct {
	Cluster    string          `json:"cluster,omitempty"`
	Connection kube.Connection `json:"connection"`
	Server     string          `json:"server"` // guards against a context that points elsewhere by then
	Namespace  string          `json:"namespace"`
	Engine     string          `json:"engine"`
}

func (r running) ref() kube.Ref {
	return kube.Ref{APIVersion: version, Kind: "ChaosEngine", Name: r.Engine, Namespace: r.Namespace}
}

// Undos returns the undos of this driver's faults.
func Undos(env *kube.Env) []step.Undo {
	u := undoer{env, usualPatience}
	return []step.Undo{step.DefineUndo(undoEngine,
		func(r running) string {
			return fmt.Sprintf("stop and remove the ChaosEngine %s in namespace %s", r.Engine, r.Namespace)
		},
		u.undo, nil,
	)}
}

type undoer struct {
	env      *kube.Env
	patience time.Duration
}

// undo stops the engine, waits until its pods have ended, so that they can take their faults back, and removes it with
// all that belongs to it. Without an operator it does the operator's part.
func (u undoer) undo(ctx context.Context, r running) error {
	place, done, err := u.place(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	if missing, err := missingKinds(ctx, place); err != nil || slices.Contains(missing, "ChaosEngine") {
		return err // the kinds are gone, and all objects with them
	}
	if err := u.finish(ctx, place, r); err != nil {
		return fmt.Errorf("remove the ChaosEngine %s in namespace %s: %w", r.Engine, r.Namespace, err)
	}
	return nil
}

func (u undoer) finish(ctx context.Context, place *kube.Target, r running) error {
	ids, err := u.identities(ctx, place, r)
	if err != nil {
		return err
	}
	if err := stopEngine(ctx, place, r.ref()); err != nil && !kube.IsNotFound(err) {
		return err
	}
	for _, id := range ids {
		if err := u.quiet(ctx, place, r, id); err != nil {
			return err
		}
	}
	if err := u.remove(ctx, place, r); err != nil {
		return err
	}
	for _, id := range ids {
		if err := sweep(ctx, place, r, id); err != nil {
			return err
		}
	}
	return nil
}

// place returns the place of an engine, also when this process has not named that cluster.
func (u undoer) place(ctx context.Context, r running) (*kube.Target, func(), error) {
	run := &step.Run{Cluster: r.Cluster, Namespace: r.Namespace}
	done := func() {}
	target, err := u.env.Target(ctx, run)
	if err != nil || target.Cluster.Connection != r.Connection {
		other := kube.NewEnv(kube.Options{Clusters: map[string]kube.Connection{"": r.Connection}})
		done = other.Close
		if target, err = other.Target(ctx, &step.Run{Namespace: r.Namespace}); err != nil {
			done()
			return nil, nil, err
		}
	}
	if server := target.Cluster.Server(); server != r.Server {
		done()
		return nil, nil, fmt.Errorf("%s now points to %s, but the experiment ran on %s; nothing was done", r.Connection, server, r.Server)
	}
	return target, done, nil
}

// identities returns the uid of the engine, and those under which its results were written should it be gone already.
func (u undoer) identities(ctx context.Context, place *kube.Target, r running) ([]string, error) {
	var ids []string
	engine, err := place.Get(ctx, r.ref())
	if err == nil {
		ids = append(ids, string(engine.GetUID()))
	} else if !kube.IsNotFound(err) {
		return nil, err
	}
	results, err := place.List(ctx, kube.Ref{APIVersion: version, Kind: "ChaosResult", Namespace: r.Namespace})
	if err != nil {
		return nil, err
	}
	for _, result := range results {
		id := result.GetLabels()[chaosUID]
		if text(below(result.Object, "spec"), "engine") == r.Engine && id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// stopEngine asks the operator to end the experiment.
func stopEngine(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	_, err := place.Patch(ctx, ref, kube.Patch{
		Change: kube.Change{Keep: true}, Body: map[string]any{"spec": map[string]any{"engineState": "stop"}},
	})
	return err
}

// quiet waits until no pod of the engine runs any more. When nobody ends them, it ends them itself.
func (u undoer) quiet(ctx context.Context, place *kube.Target, r running, id string) error {
	limited, cancel := context.WithTimeout(ctx, u.patience)
	defer cancel()
	pods := belonging(r, "v1", "pods", id)
	err := place.WatchRef(limited, pods, func(shot kube.Snapshot) (bool, error) {
		return !slices.ContainsFunc(shot.Objects, busy), nil
	})
	if err != nil && (ctx.Err() != nil || limited.Err() == nil) {
		return err
	}
	if err != nil {
		if err := removeAll(ctx, place, belonging(r, "batch/v1", "jobs", id)); err != nil {
			return err
		}
		if err := removeAll(ctx, place, pods); err != nil {
			return err
		}
	}
	return place.WatchRef(ctx, pods, func(shot kube.Snapshot) (bool, error) {
		return !slices.ContainsFunc(shot.Objects, unfinished), nil
	})
}

// busy reports whether a pod works and nobody has asked it to end.
func busy(pod *unstructured.Unstructured) bool {
	return unfinished(pod) && pod.GetDeletionTimestamp() == nil
}

func unfinished(pod *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	return phase != "Succeeded" && phase != "Failed"
}

// remove deletes the engine. An operator that does not run can't take its finalizer away, so that is done in its place.
func (u undoer) remove(ctx context.Context, place *kube.Target, r running) error {
	if _, err := place.Delete(ctx, r.ref(), kube.Deletion{Change: kube.Change{Keep: true}}); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, u.patience)
	defer cancel()
	gone := func(shot kube.Snapshot) (bool, error) { return shot.Object == nil, nil }
	err := place.WatchRef(limited, r.ref(), gone)
	if err == nil || ctx.Err() != nil || limited.Err() == nil {
		return err
	}
	_, err = place.Patch(ctx, r.ref(), kube.Patch{
		Change: kube.Change{Keep: true}, Body: map[string]any{"metadata": map[string]any{"finalizers": nil}},
	})
	if err != nil && !kube.IsNotFound(err) {
		return err
	}
	return place.WatchRef(ctx, r.ref(), gone)
}

// sweep removes what the operator leaves: results always, jobs and pods when they were to be retained.
func sweep(ctx context.Context, place *kube.Target, r running, id string) error {
	return errors.Join(
		removeAll(ctx, place, belonging(r, version, "ChaosResult", id)),
		removeAll(ctx, place, belonging(r, "batch/v1", "jobs", id)),
		removeAll(ctx, place, belonging(r, "v1", "pods", id)),
	)
}

func belonging(r running, apiVersion, kind, id string) kube.Ref {
	return kube.Ref{APIVersion: apiVersion, Kind: kind, Namespace: r.Namespace, Labels: map[string]string{chaosUID: id}}
}

func removeAll(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	objects, err := place.List(ctx, ref)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := removeOne(ctx, place, ref, object.GetName(), object.GetUID()); err != nil {
			return err
		}
	}
	return nil
}

func removeOne(ctx context.Context, place *kube.Target, ref kube.Ref, name string, uid types.UID) error {
	one := kube.Ref{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Namespace, Name: name}
	if _, err := place.Delete(ctx, one, kube.Deletion{Change: kube.Change{Keep: true}, UID: uid}); err != nil {
		return err
	}
	return place.WatchRef(ctx, one, func(shot kube.Snapshot) (bool, error) {
		return shot.Object == nil || shot.Object.GetUID() != uid, nil
	})
}
