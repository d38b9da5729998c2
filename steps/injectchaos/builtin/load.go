package builtin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// undoLoad is the ledger's name for ending a load.
const undoLoad = "chaos.load"

// A load ends by itself: longestLoad after it began when it has no duration, and else sparedTime after that, which is
// left for the proof.
const (
	longestLoad = time.Hour
	sparedTime  = 2 * time.Minute
)

// load keeps something in real containers busy, by processes of its own that it starts there by exec. What they take is
// read from /proc of the container, so no metrics server is asked.
type load struct {
	request    driver.Request
	reach      reach
	candidates int
	script     loadScript
	arguments  []int
	parts      []*loadPart
	// look reports whether the load is there, from what it took at two looks that lie some time apart.
	look func(part *loadPart, before, now toll, between time.Duration) (seen bool, what string)
}

// loadPart is the load in one container.
type loadPart struct {
	pod       *unstructured.Unstructured
	container string
	id        string
	entry     step.Entry
}

// loaded is what the ledger keeps of the load in one container.
type loaded struct {
	origin
	Namespace string    `json:"namespace"`
	Pod       string    `json:"pod"`
	UID       types.UID `json:"uid"`
	Container string    `json:"container"`
	ID        string    `json:"id"`
	Ends      time.Time `json:"ends"` // when the load ends by itself
}

// String names the load for people.
func (l loaded) String() string {
	return fmt.Sprintf("container %s of Pod %s in namespace %s", l.Container, l.Pod, l.Namespace)
}

// planLoad finds the containers and makes sure that each has what the load needs.
func (b builtin) planLoad(ctx context.Context, request driver.Request, pods []*unstructured.Unstructured, number int) (driver.Fault, error) {
	fault := &load{request: request, reach: b.reach, candidates: number}
	if err := fault.design(pods); err != nil {
		return nil, err
	}
	for _, pod := range pods {
		container, err := podContainer(pod, request.Parameters.Text("container"))
		if err != nil {
			return nil, err
		}
		code, out, err := b.shell(ctx, request.Place, pod, container, fault.script.missing())
		switch {
		case err != nil:
			return nil, err
		case code == noTool:
			return nil, &driver.Unable{Reason: fmt.Sprintf("container %q of %s has no program %q to do %s with; use driver: litmus", container, describe(pod), strings.TrimSpace(out), request.Experiment.Name)}
		case code != 0:
			return nil, &driver.Unable{Reason: fmt.Sprintf("container %q of %s has no shell to do %s with; use driver: litmus", container, describe(pod), request.Experiment.Name)}
		}
		fault.parts = append(fault.parts, &loadPart{pod: pod, container: container, id: rand.String(8)})
	}
	return fault, nil
}

// lasts is how long the load goes on when nobody ends it.
func (l *load) lasts() time.Duration {
	if l.request.Duration == 0 {
		return longestLoad
	}
	return l.request.Duration + sparedTime
}

// Targets are the pods.
func (l *load) Targets() []driver.Object {
	var out []driver.Object
	for _, part := range l.parts {
		out = append(out, describe(part.pod))
	}
	return out
}

// Candidates is how many pods there were to choose from.
func (l *load) Candidates() int { return l.candidates }

// Inject starts the load in every container, each after its undo is in the ledger.
func (l *load) Inject(ctx context.Context) error {
	seconds := int(math.Ceil(l.lasts().Seconds()))
	for _, part := range l.parts {
		var err error
		part.entry, err = l.request.Run.Record(ctx, undoLoad, loaded{
			origin: originOf(l.request.Place), Namespace: part.pod.GetNamespace(), Pod: part.pod.GetName(), UID: part.pod.GetUID(),
			Container: part.container, ID: part.id, Ends: time.Now().Add(l.lasts()),
		})
		if err != nil {
			return err
		}
		code, out, err := l.reach.shell(ctx, l.request.Place, part.pod, part.container, l.script.start(part.id, append([]int{seconds}, l.arguments...)...))
		switch {
		case err != nil:
			return err
		case code == noFolder:
			return fmt.Errorf("container %q of %s has no folder that %s could write to; use driver: litmus", part.container, describe(part.pod), l.request.Experiment.Name)
		case code != 0:
			return fmt.Errorf("%s did not start in container %q of %s, exit code %d: %s", l.request.Experiment.Name, part.container, describe(part.pod), code, strings.TrimSpace(out))
		}
	}
	return nil
}

// Proof waits until each load is seen.
func (l *load) Proof(ctx context.Context) error {
	for _, part := range l.parts {
		var before toll
		var then time.Time
		err := l.poll(ctx, part, func(now toll) (bool, string) {
			at := time.Now()
			seen, what := l.look(part, before, now, at.Sub(then))
			if then.IsZero() || now.Processes == 0 {
				before, then = now, at
			}
			return seen, what
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Hold keeps the load up for its duration.
func (l *load) Hold(ctx context.Context) error { return pause(ctx, l.request.Duration) }

// Remove ends the load in every container.
func (l *load) Remove(ctx context.Context) error {
	for _, part := range l.parts {
		if part.entry == nil {
			continue
		}
		if err := part.entry.Undo(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Gone waits until nothing of the load runs and no file of it is there.
func (l *load) Gone(ctx context.Context) error {
	for _, part := range l.parts {
		err := l.poll(ctx, part, func(now toll) (bool, string) {
			return now.Processes == 0 && now.Written == 0, fmt.Sprintf("%d processes and %d KiB of files of the load are left in %s", now.Processes, now.Written, describe(part.pod))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Result says how many pods were hit.
func (l *load) Result() driver.Result {
	number := 0
	for _, part := range l.parts {
		if part.entry != nil {
			number++
		}
	}
	return driver.Result{Hit: number}
}

// poll measures a load until look is content. A container that was killed or removed meanwhile takes nothing.
func (l *load) poll(ctx context.Context, part *loadPart, look func(toll) (bool, string)) error {
	backoff := client.NewBackoff(client.Policy{})
	last := ""
	for {
		now, err := l.measure(ctx, part)
		switch {
		case err != nil && last != "" && ctx.Err() != nil: // the time was over in the middle of a look
		case err != nil:
			last = err.Error()
		default:
			var seen bool
			if seen, last = look(now); seen {
				return nil
			}
		}
		l.request.Run.Progress("%s", last)
		if err := client.Wait(ctx, backoff.Failed(nil)); err != nil {
			return &driver.Unseen{Last: last, Cause: err}
		}
	}
}

func (l *load) measure(ctx context.Context, part *loadPart) (toll, error) {
	pod, err := l.request.Place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Name: part.pod.GetName(), Namespace: part.pod.GetNamespace()})
	switch {
	case apierrors.IsNotFound(err), err == nil && pod.GetUID() != part.pod.GetUID():
		return toll{Lost: "was removed"}, nil
	case err != nil:
		return toll{}, err
	case reasonOf(pod) == "Evicted":
		return toll{Lost: "was evicted"}, nil
	case ended(pod): // a kubelet may tell so little of an eviction, when the container ended well
		return toll{Lost: "ended"}, nil
	case restarts(pod, part.container) > restarts(part.pod, part.container) && diedOf(pod, part.container, "OOMKilled"):
		return toll{Lost: "was killed for its memory"}, nil
	}
	_, out, err := l.reach.shell(ctx, l.request.Place, part.pod, part.container, measureScript(part.id))
	if err != nil {
		return toll{}, err
	}
	return readToll(out)
}

func reasonOf(pod *unstructured.Unstructured) string {
	reason, _, _ := unstructured.NestedString(pod.Object, "status", "reason")
	return reason
}

// ended reports whether a pod will never run again.
func ended(pod *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	return phase == "Failed" || phase == "Succeeded"
}

// calm ends the load of a ledger entry. With its container the load is gone, too.
func calm(ctx context.Context, place *kube.Target, r reach, l loaded) error {
	pod, err := place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Name: l.Pod, Namespace: l.Namespace})
	if apierrors.IsNotFound(err) || err == nil && (pod.GetUID() != l.UID || !running(pod, l.Container)) {
		return nil
	}
	if err != nil {
		return err
	}
	code, out, err := r.shell(ctx, place, pod, l.Container, stopScript(l.ID))
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(out))
	}
	if err != nil && time.Now().Before(l.Ends) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("end the load in %s, which ends by itself at %s: %w", l, l.Ends.UTC().Format(time.TimeOnly+" MST"), err)
	}
	return err
}

// running reports whether a container of a pod runs now.
func running(pod *unstructured.Unstructured, container string) bool {
	_, is, _ := unstructured.NestedMap(statusOf(pod, container), "state", "running")
	return is
}
