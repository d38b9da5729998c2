package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

type steps struct{ env *kube.Env }

// rollout is one use of the step.
type rollout struct {
	Config
	run    *step.Run
	place  *kube.Target
	object *unstructured.Unstructured // as it was before
}

// run carries the action out and waits for the rollout.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	r := &rollout{Config: c, run: run}
	if r.place, err = s.env.Target(ctx, run); err != nil {
		return out, err
	}
	if err := r.find(ctx); err != nil {
		return out, err
	}
	history, err := r.history(ctx)
	if err != nil {
		return out, err
	}
	out.FromRevision, out.Revision = history.current(), history.current()
	after, err := r.act(ctx, history)
	if err != nil {
		return out, err
	}
	if c.WaitReady && c.Action != pause {
		if err := readiness.Wait(ctx, run, r.place, c.Tolerate, after); err != nil {
			return out, err
		}
	}
	if c.Action == undo || c.Action == restart {
		if history, err = r.history(ctx); err != nil {
			return out, err
		}
		out.Revision = history.current()
	}
	return out, nil
}

// find reads the workload. Other kinds have no rollouts.
func (r *rollout) find(ctx context.Context) error {
	query, err := r.place.Query(ctx, r.Object)
	if err != nil {
		return err
	}
	kind := query.Mapping.Kind
	if query.Mapping.Group != "apps" || !slices.Contains([]string{"Deployment", "DaemonSet", "StatefulSet"}, kind) {
		return fmt.Errorf("%s has no rollouts; only a Deployment, DaemonSet or StatefulSet has", kind)
	}
	if kind != "Deployment" && (r.Action == pause || r.Action == resume) {
		return fmt.Errorf("only the rollout of a Deployment can be paused, not that of a %s", kind)
	}
	r.object, err = r.place.Get(ctx, r.Object)
	if kube.IsNotFound(err) {
		return step.Fail("%s does not exist in namespace %s", r.Object, query.Namespace)
	}
	return err
}

// act carries the action out and returns the workload after it.
func (r *rollout) act(ctx context.Context, history history) (*unstructured.Unstructured, error) {
	if paused, _, _ := unstructured.NestedBool(r.object.Object, "spec", "paused"); paused && (r.Action == restart || r.Action == undo) {
		return nil, fmt.Errorf("%s is paused, so a %s would not be carried out; resume it first", r.Object, r.Action)
	}
	switch r.Action {
	case restart:
		return r.patch(ctx, kube.MergePatch, restarted(r.object, time.Now()))
	case undo:
		return r.back(ctx, history)
	case pause, resume:
		return r.patch(ctx, kube.MergePatch, map[string]any{"spec": map[string]any{"paused": r.Action == pause}})
	}
	return r.object, nil
}

func (r *rollout) patch(ctx context.Context, kind kube.PatchType, body any) (*unstructured.Unstructured, error) {
	return r.place.Patch(ctx, r.Object, kube.Patch{Change: kube.Change{Keep: r.Undo == "keep"}, Type: kind, Body: body})
}

const restartedAt = "kubectl.kubernetes.io/restartedAt"

// restarted returns the patch that kubectl rollout restart makes. Its times count seconds, so a second restart within
// one needs a finer time to be a change.
func restarted(object *unstructured.Unstructured, now time.Time) map[string]any {
	text := now.Format(time.RFC3339)
	if last, _, _ := unstructured.NestedString(object.Object, "spec", "template", "metadata", "annotations", restartedAt); last >= text {
		text = now.Format(time.RFC3339Nano)
	}
	return map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]any{restartedAt: text}}}}}
}
