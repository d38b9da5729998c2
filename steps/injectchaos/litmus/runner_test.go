package litmus_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// runner plays what the pods of Litmus do, which a sandbox only simulates: the chaos runner that the operator starts, and
// the experiment. It is no part of Litmus. It reads the engine, writes a ChaosResult, really deletes pods for pod-delete,
// and reports the end the way both programs do.
type runner struct {
	t     *testing.T
	place *kube.Target
	with  script // changed between two runs only
}

// script says how the runner departs from a run in which all goes well.
type script struct {
	verdict   string         // "" is Pass
	phase     string         // "" is Completed
	more      map[string]any // into status.experimentStatus
	probes    []any          // status.probeStatuses
	idle      bool           // it hits nothing
	silent    bool           // it names no targets
	undecided bool           // it ends without a verdict
	old       bool           // it reports as Litmus 2 does
	lasting   bool           // it never ends by itself
	vanish    bool           // it deletes the engine in the middle
	stuck     string         // its pod can't start, for this reason
}

// play follows the runner pods of a namespace until the test ends.
func play(t *testing.T, c *kubetest.Cluster, with script) *runner {
	t.Helper()
	env := kube.NewEnv(kube.Options{Kubeconfig: c.Kubeconfig})
	place, err := env.Target(t.Context(), &step.Run{Namespace: c.Target.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{t, place, with}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.follow(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		env.Close()
	})
	return r
}

func (r *runner) follow(ctx context.Context) {
	ref := kube.Ref{APIVersion: "v1", Kind: "pods", Labels: map[string]string{"app.kubernetes.io/component": "chaos-runner"}}
	for seen := map[string]bool{}; ctx.Err() == nil; {
		var pod *unstructured.Unstructured
		err := r.place.WatchRef(ctx, ref, func(shot kube.Snapshot) (bool, error) {
			for _, candidate := range shot.Objects {
				phase, _, _ := unstructured.NestedString(candidate.Object, "status", "phase")
				if phase == "Running" && !seen[candidate.GetName()] && candidate.GetDeletionTimestamp() == nil {
					pod = candidate
				}
			}
			return pod != nil, nil
		})
		if err != nil {
			return
		}
		seen[pod.GetName()] = true
		if err := r.run(ctx, pod); err != nil && ctx.Err() == nil {
			r.t.Errorf("the runner that the test plays: %v", err)
			return
		}
	}
}

// experiment is one run of the runner.
type experiment struct {
	engine *unstructured.Unstructured
	pod    *unstructured.Unstructured
	name   string
	env    map[string]string
}

func (e experiment) result() kube.Ref {
	return kube.Ref{APIVersion: "litmuschaos.io/v1alpha1", Kind: "ChaosResult", Name: e.engine.GetName() + "-" + e.name}
}

func (r *runner) run(ctx context.Context, pod *unstructured.Unstructured) error {
	engine, err := r.place.Get(ctx, kube.Ref{APIVersion: "litmuschaos.io/v1alpha1", Kind: "ChaosEngine", Name: pod.GetLabels()["app"]})
	if err != nil {
		return err
	}
	e := experiment{engine: engine, pod: pod, env: map[string]string{}}
	experiments, _, _ := unstructured.NestedSlice(engine.Object, "spec", "experiments")
	e.name = experiments[0].(map[string]any)["name"].(string)
	variables, _, _ := unstructured.NestedSlice(experiments[0].(map[string]any), "spec", "components", "env")
	for _, entry := range variables {
		v := entry.(map[string]any)
		value, _ := v["value"].(string)
		e.env[v["name"].(string)] = value
	}
	if _, err := r.place.Get(ctx, kube.Ref{APIVersion: "litmuschaos.io/v1alpha1", Kind: "ChaosExperiment", Name: e.name}); err != nil {
		return err
	}
	if r.with.stuck != "" {
		return r.patch(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Name: pod.GetName()}, "status", map[string]any{"status": map[string]any{
			"containerStatuses": []any{map[string]any{
				"name": "chaos-runner", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
				"state": map[string]any{"waiting": map[string]any{"reason": r.with.stuck, "message": "the image is not there"}},
			}},
		}})
	}
	if err := r.report(ctx, e, "Running", "Awaited"); err != nil {
		return err
	}
	if err := r.begin(ctx, e); err != nil {
		return err
	}
	if r.with.vanish {
		_, err := r.place.Delete(ctx, kube.Ref{APIVersion: "litmuschaos.io/v1alpha1", Kind: "ChaosEngine", Name: engine.GetName()}, kube.Deletion{Change: kube.Change{Keep: true}})
		return err
	}
	hit, err := r.act(ctx, e)
	if err != nil || r.with.lasting {
		return err
	}
	seconds, _ := strconv.Atoi(e.env["TOTAL_CHAOS_DURATION"])
	if err := client.Wait(ctx, time.Duration(min(seconds, 2))*time.Second); err != nil {
		return err
	}
	return r.end(ctx, e, hit)
}

// report writes the state of the experiment into the engine, as the runner does.
func (r *runner) report(ctx context.Context, e experiment, status, verdict string) error {
	return r.patch(ctx, kube.Ref{APIVersion: "litmuschaos.io/v1alpha1", Kind: "ChaosEngine", Name: e.engine.GetName()}, "", map[string]any{
		"status": map[string]any{"experiments": []any{map[string]any{
			"name": e.name, "runner": e.pod.GetName(), "experimentPod": e.name + "-pod", "status": status, "verdict": verdict,
			"lastUpdateTime": time.Now().UTC().Format(time.RFC3339),
		}}},
	})
}

// begin starts the job of the experiment, which is simulated, and writes the first ChaosResult.
func (r *runner) begin(ctx context.Context, e experiment) error {
	marks := map[string]any{"chaosUID": string(e.engine.GetUID()), "name": e.name}
	job := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{"name": e.engine.GetName() + "-job", "labels": marks},
		"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"labels": marks},
			"spec":     map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "experiment", "image": "registry.example/experiment:1"}}},
		}},
	}}
	if err := r.create(ctx, job); err != nil {
		return err
	}
	return r.create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosResult",
		"metadata": map[string]any{"name": e.result().Name, "labels": marks},
		"spec":     map[string]any{"engine": e.engine.GetName(), "experiment": e.name},
		"status": map[string]any{
			"experimentStatus": map[string]any{"phase": "Running", "verdict": "Awaited", "probeSuccessPercentage": "Awaited"},
			"history":          map[string]any{"passedRuns": int64(0), "failedRuns": int64(0), "stoppedRuns": int64(0), "targets": []any{}},
		},
	}})
}

// act does what the experiment does and notes on the result what it has hit.
func (r *runner) act(ctx context.Context, e experiment) ([]string, error) {
	if r.with.idle {
		return nil, nil
	}
	kind, names, err := r.targets(ctx, e)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		switch e.name {
		case "pod-delete":
			if _, err := r.place.Delete(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Name: name}, kube.Deletion{Change: kube.Change{Keep: true}}); err != nil {
				return nil, err
			}
		case "node-taint":
			if err := r.patch(ctx, kube.Ref{APIVersion: "v1", Kind: "nodes", Name: name}, "", map[string]any{"spec": map[string]any{"taints": []any{map[string]any{"key": "scenario-runner.dev/chaos", "effect": "NoSchedule"}}}}); err != nil {
				return nil, err
			}
		}
		if !r.with.silent {
			marks := map[string]any{"metadata": map[string]any{"annotations": map[string]any{kind + "/" + name: "injected"}}}
			if err := r.patch(ctx, e.result(), "", marks); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// targets returns what an engine is pointed at: nodes or pods by name, or all pods with a label.
func (r *runner) targets(ctx context.Context, e experiment) (kind string, names []string, err error) {
	switch {
	case e.env["TARGET_NODE"] != "":
		return "node", strings.Split(e.env["TARGET_NODE"], ","), nil
	case e.env["TARGET_PODS"] != "":
		return "pod", strings.Split(e.env["TARGET_PODS"], ","), nil
	}
	label, _, _ := unstructured.NestedString(e.engine.Object, "spec", "appinfo", "applabel")
	pods, err := r.place.List(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Selector: label})
	for _, pod := range pods {
		names = append(names, pod.GetName())
	}
	return "pod", names, err
}

// end writes the verdict and lets the runner pod complete, upon which the operator completes the engine.
func (r *runner) end(ctx context.Context, e experiment, hit []string) error {
	if !r.with.undecided {
		if err := r.decide(ctx, e, hit); err != nil {
			return err
		}
	}
	if e.name == "node-taint" {
		if err := r.patch(ctx, kube.Ref{APIVersion: "v1", Kind: "nodes", Name: e.env["TARGET_NODE"]}, "", map[string]any{"spec": map[string]any{"taints": nil}}); err != nil {
			return err
		}
	}
	if err := r.report(ctx, e, "Completed", or(r.with.verdict, "Pass")); err != nil {
		return err
	}
	return r.patch(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Name: e.pod.GetName()}, "status", map[string]any{"status": map[string]any{
		"phase": "Succeeded",
		"containerStatuses": []any{map[string]any{
			"name": "chaos-runner", "image": "i", "imageID": "i", "ready": false, "restartCount": 0, "started": false,
			"state": map[string]any{"terminated": map[string]any{"reason": "Completed", "exitCode": 0}},
		}},
	}})
}

func (r *runner) decide(ctx context.Context, e experiment, hit []string) error {
	test := map[string]any{"phase": or(r.with.phase, "Completed"), "verdict": or(r.with.verdict, "Pass"), "probeSuccessPercentage": "100"}
	maps.Copy(test, r.with.more)
	status := map[string]any{"experimentStatus": test}
	if !r.with.silent {
		var targets []any
		for _, name := range slices.Sorted(slices.Values(hit)) {
			targets = append(targets, map[string]any{"name": name, "kind": "pod", "chaosStatus": "reverted"})
		}
		status["history"] = map[string]any{"targets": targets}
	}
	probes := "probeStatuses"
	if r.with.old {
		probes = "probeStatus"
	}
	if r.with.probes != nil {
		status[probes] = r.with.probes
	}
	return r.patch(ctx, e.result(), "", map[string]any{"status": status})
}

func (r *runner) create(ctx context.Context, object *unstructured.Unstructured) error {
	_, err := r.place.Create(ctx, object, kube.Change{Keep: true})
	return err
}

func (r *runner) patch(ctx context.Context, ref kube.Ref, subresource string, body map[string]any) error {
	_, err := r.place.Patch(ctx, ref, kube.Patch{Change: kube.Change{Keep: true}, Body: body, Subresource: subresource})
	return err
}

func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}
