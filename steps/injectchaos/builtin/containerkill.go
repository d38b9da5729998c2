package builtin

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planContainerKill kills containers of pods: simulated ones by their steering, real ones by a signal from inside.
func (b builtin) planContainerKill(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if request.Interval > 0 {
		return nil, &driver.Unable{Reason: "the builtin driver kills a container once; leave interval out, or use driver: litmus"}
	}
	pods, number, err := chosenPods(ctx, request)
	if err != nil {
		return nil, err
	}
	simulated, err := b.alike(ctx, request.Place, pods)
	if err != nil {
		return nil, err
	}
	if simulated {
		return steerAll(ctx, request, pods, number, func(pod *unstructured.Unstructured, container string, query kube.Query) (steer, error) {
			return steer{annotation: "restart-once", value: container, about: query, proof: restarted(pod, container)}, nil
		})
	}
	kill := &containerKill{request: request, reach: b.reach, candidates: number, pods: pods}
	for _, pod := range pods {
		container, err := podContainer(pod, request.Parameters.Text("container"))
		if err != nil {
			return nil, err
		}
		kill.containers = append(kill.containers, container)
	}
	return kill, nil
}

// containerKill ends the first process of containers. It is an act: their kubelet starts them again.
type containerKill struct {
	request    driver.Request
	reach      reach
	candidates int
	pods       []*unstructured.Unstructured
	containers []string // one for each pod
	hit        int
}

// Targets are the pods.
func (k *containerKill) Targets() []driver.Object { return describeAll(k.pods) }

// Candidates is how many pods there were to choose from.
func (k *containerKill) Candidates() int { return k.candidates }

// Inject sends the signal. The kernel keeps SIGKILL away from the first process of a container when it comes from inside,
// so that process gets SIGTERM, which most programs obey.
func (k *containerKill) Inject(ctx context.Context) error {
	signal := strings.TrimPrefix(k.request.Parameters.Text("signal"), "SIG")
	if signal == "KILL" {
		k.request.Run.Progress("container-kill sends SIGTERM: a container can't kill its own first process with SIGKILL")
		signal = "TERM"
	}
	if strings.Trim(signal, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return fmt.Errorf("%q is not a signal; write one such as SIGTERM", signal)
	}
	for i, pod := range k.pods {
		code, out, err := k.reach.shell(ctx, k.request.Place, pod, k.containers[i], "kill -s "+signal+" 1")
		if err != nil {
			return err
		}
		if code == 126 || code == 127 {
			return fmt.Errorf("container %q of %s has no shell to be killed from; use driver: litmus", k.containers[i], describe(pod))
		}
		// The answer of a container that ends at once may get lost; the proof decides.
		if code != 0 && code < 128 {
			return fmt.Errorf("container %q of %s could not be killed, exit code %d: %s; use driver: litmus", k.containers[i], describe(pod), code, strings.TrimSpace(out))
		}
		k.hit++
	}
	return nil
}

// Proof waits until the containers were started again.
func (k *containerKill) Proof(ctx context.Context) error {
	return k.await(ctx, func(i int) func(kube.Snapshot) (bool, string) { return restarted(k.pods[i], k.containers[i]) })
}

// Gone waits until the pods are ready.
func (k *containerKill) Gone(ctx context.Context) error {
	return k.await(ctx, func(i int) func(kube.Snapshot) (bool, string) { return readyPod(k.pods[i]) })
}

func (k *containerKill) await(ctx context.Context, look func(int) func(kube.Snapshot) (bool, string)) error {
	var sights []sight
	for i, pod := range k.pods {
		query, err := queryOf(ctx, k.request.Place, pod)
		if err != nil {
			return err
		}
		sights = append(sights, sight{query, look(i)})
	}
	return await(ctx, k.request, sights)
}

// Hold waits for the duration.
func (k *containerKill) Hold(ctx context.Context) error { return pause(ctx, k.request.Duration) }

// Remove has nothing to take back.
func (k *containerKill) Remove(context.Context) error { return nil }

// Result says how many containers were killed.
func (k *containerKill) Result() driver.Result { return driver.Result{Hit: k.hit} }
