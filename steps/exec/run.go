package exec

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

type steps struct{ env *kube.Env }

// mostKept is how much of an output is kept of each pod.
const mostKept = 1 << 20

// defaultContainer is the annotation that names the container that is meant when none is named.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// simulatedMark begins what the sandbox answers in the place of a container.
const simulatedMark = "[simulated] nothing runs in container "

// run finds the pods, runs the command in them and judges the results.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out.Results = []Result{}
	words, err := command(run, c)
	if err != nil {
		return out, err
	}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	ready, err := pods.Ready(ctx, place, c.In, func(text string) { run.Progress("%s", text) })
	if errors.Is(err, pods.ErrNone) {
		return out, step.Fail("timed out%s: %s", after(run), err)
	}
	if err != nil {
		return out, err
	}
	if !c.All {
		ready = ready[:1]
	}
	e := &execution{run: run, place: place, config: c, words: words}
	if err := e.choose(ready); err != nil {
		return out, err
	}
	e.all(ctx)
	for _, a := range e.attempts {
		out.Results = append(out.Results, a.result)
		out.Simulated = out.Simulated || a.simulated
	}
	first := out.Results[0]
	out.Pod, out.Container, out.ExitCode, out.Stdout, out.Stderr, out.JSON = first.Pod, first.Container, first.ExitCode, first.Stdout, first.Stderr, first.JSON
	if out.Simulated {
		run.Progress("simulated: nothing was run in %s, the sandbox has answered", c.In)
	}
	return out, e.verdict(ctx)
}

// command returns the words that the container is given.
func command(run *step.Run, c Config) ([]string, error) {
	if c.Script != "" {
		return []string{"sh", "-ec", c.Script}, nil
	}
	value, err := c.Command.Eval(run.Scope)
	if err != nil {
		return nil, err
	}
	return process.Words(value)
}

// execution is one use of the step.
type execution struct {
	run      *step.Run
	place    *kube.Target
	config   Config
	words    []string
	attempts []*attempt
}

// attempt is the command in one pod.
type attempt struct {
	pod       *unstructured.Unstructured
	result    Result
	simulated bool
	ended     bool
	broke     bool // the connection did, and not because the time was over
	err       error
}

// choose finds the container in each pod.
func (e *execution) choose(ready []*unstructured.Unstructured) error {
	for _, pod := range ready {
		if err := e.place.Permit(pod.GetNamespace()); err != nil {
			return err
		}
		var names []string
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
		for _, raw := range containers {
			container, _ := raw.(map[string]any)
			names = append(names, fmt.Sprint(container["name"]))
		}
		name := cmp.Or(e.config.Container, pod.GetAnnotations()[defaultContainer], names[0])
		if !slices.Contains(names, name) && !ephemeral(pod, name) {
			return fmt.Errorf("pod %s has no container %q; it has %s", pod.GetName(), name, strings.Join(names, ", "))
		}
		e.attempts = append(e.attempts, &attempt{pod: pod, result: Result{Pod: pod.GetName(), Container: name}})
	}
	return nil
}

// ephemeral reports whether a pod has a container that was added for debugging, or an init container, of that name.
func ephemeral(pod *unstructured.Unstructured, name string) bool {
	for _, field := range []string{"ephemeralContainers", "initContainers"} {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", field)
		for _, raw := range containers {
			if container, _ := raw.(map[string]any); container["name"] == name {
				return true
			}
		}
	}
	return false
}

// mostAtOnce is in how many pods the command runs at the same time.
const mostAtOnce = 16

// all runs the command everywhere and returns when it has ended everywhere.
func (e *execution) all(ctx context.Context) {
	var group sync.WaitGroup
	slots := make(chan struct{}, mostAtOnce)
	e.run.Progress("running in %d pods: %s", len(e.attempts), e.name(e.attempts[0]))
	for _, a := range e.attempts {
		group.Go(func() {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			defer func() { <-slots }()
			e.one(ctx, a)
		})
	}
	group.Wait()
}

func (e *execution) name(a *attempt) string {
	return fmt.Sprintf("container %s of pod %s", a.result.Container, a.result.Pod)
}

// one runs the command in one pod.
func (e *execution) one(ctx context.Context, a *attempt) {
	stdout, stderr := process.NewOutput(mostKept, nil), process.NewOutput(mostKept, nil)
	code, err := remote.Exec(ctx, e.place.Cluster, remote.Command{
		Namespace: a.pod.GetNamespace(), Pod: a.pod.GetName(), Container: a.result.Container, Words: e.words, Stdin: e.config.Stdin,
	}, stdout, stderr)
	written, lost := stdout.Bytes()
	problems, lostToo := stderr.Bytes()
	r := &a.result
	r.ExitCode, r.Stdout, r.Stderr, r.Truncated = code, trimmed(written), trimmed(problems), lost+lostToo > 0
	a.simulated = strings.HasPrefix(r.Stderr, simulatedMark)
	if err != nil {
		a.broke = ctx.Err() == nil && !errors.Is(err, remote.ErrSilent) // which comes a moment before the time is over
		a.err = e.explain(ctx, a, err)
		return
	}
	a.ended = true
	if e.config.JSON {
		a.err = parse(r)
	}
}

func trimmed(content []byte) string { return strings.TrimSuffix(string(content), "\n") }

// parse reads the standard output as JSON.
func parse(r *Result) error {
	decoder := json.NewDecoder(strings.NewReader(r.Stdout))
	if err := decoder.Decode(&r.JSON); err != nil || decoder.More() {
		r.JSON = nil
		return step.Fail("the output of pod %s is not JSON: %q", r.Pod, shortened(r.Stdout))
	}
	return nil
}

// explain says why it is not known how the command ended: often the pod is gone.
func (e *execution) explain(ctx context.Context, a *attempt, err error) error {
	where := e.name(a)
	if errors.Is(err, remote.ErrNotBegun) {
		return fmt.Errorf("the command was not started in %s: %w", where, err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return fmt.Errorf("run a command in %s: %w", where, err)
	}
	now, lookErr := e.place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: a.pod.GetNamespace(), Name: a.pod.GetName()})
	switch {
	case kube.IsNotFound(lookErr) || lookErr == nil && now.GetUID() != a.pod.GetUID():
		return fmt.Errorf("pod %s was deleted while the command ran, so it is not known how it ended: %w", a.pod.GetName(), err)
	case lookErr == nil && now.GetDeletionTimestamp() != nil:
		return fmt.Errorf("pod %s is being deleted, so it is not known how the command ended: %w", a.pod.GetName(), err)
	}
	return fmt.Errorf("the connection to %s broke, so it is not known how the command ended: %w", where, err)
}
