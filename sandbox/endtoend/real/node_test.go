//go:build real

package real

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// podReady asks whether a pod is ready.
func podReady(client kubernetes.Interface, in, name string) func(context.Context) (string, bool) {
	return func(ctx context.Context) (string, bool) {
		pod, err := client.CoreV1().Pods(in).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", pod.Status), isReady(pod)
	}
}

// waitGone waits until no process of a node is left.
func waitGone(t *testing.T, namespace, sandbox string) {
	t.Helper()
	until(t, "the end of all processes of the node", func(context.Context) (string, bool) {
		left := processesIn(namespace, sandbox)
		return strings.Join(left, ", "), len(left) == 0
	})
}

func TestTheNodeIsRealAndSaysSo(t *testing.T) {
	node, err := suite.shared.client.CoreV1().Nodes().Get(t.Context(), "real-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if kind := node.Labels["sandbox.scenario-runner.dev/node-type"]; kind != "real" {
		t.Errorf("found the type %q", kind)
	}
	if !strings.HasPrefix(node.Status.NodeInfo.ContainerRuntimeVersion, "containerd://") {
		t.Errorf("found the runtime %q", node.Status.NodeInfo.ContainerRuntimeVersion)
	}
	if len(node.Spec.Taints) != 0 {
		t.Errorf("found taints %+v", node.Spec.Taints)
	}
	out, code := call(t, "status", "--name", sharedName)
	if code != 0 || !strings.Contains(out, "2, of which 2 are ready (real-1 is real, the others are simulated)") {
		t.Errorf("found exit code %d: %s", code, out)
	}
}

// A node whose kubelet is down is noticed, and pods run on as if nothing had happened when it is back.
func TestAKubeletIsRestarted(t *testing.T) {
	in := namespace(t)
	createPod(t, in, "survivor", podSpec("serve"))
	before := waitPod(t, in, "survivor", "a ready pod", isReady)
	if out, code := call(t, "restart", "--name", sharedName, "kubelet"); code != 0 || !strings.HasPrefix(out, "kubelet of sandbox \"real-shared\" has been restarted") {
		t.Fatalf("found exit code %d: %s", code, out)
	}
	createPod(t, in, "newcomer", podSpec("serve"))
	waitPod(t, in, "newcomer", "a ready pod", isReady)
	after := waitPod(t, in, "survivor", "a ready pod", isReady)
	if was, is := container(before).ContainerID, container(after).ContainerID; was != is {
		t.Errorf("the container was replaced: %s became %s", was, is)
	}
}

// Restarting the first process of the node is what a reboot of a machine is: pods stay, and their containers are new.
func TestANodeIsRebooted(t *testing.T) {
	in := namespace(t)
	createPod(t, in, "survivor", podSpec("serve"))
	before := waitPod(t, in, "survivor", "a ready pod", isReady)
	if out, code := call(t, "restart", "--name", sharedName, "node"); code != 0 {
		t.Fatalf("found exit code %d: %s", code, out)
	}
	after := waitPod(t, in, "survivor", "a new container", func(pod *corev1.Pod) bool {
		return container(pod).RestartCount == 1 && isReady(pod)
	})
	if before.UID != after.UID || container(before).ContainerID == container(after).ContainerID {
		t.Errorf("found pod %s with container %s, expected pod %s with a new container", after.UID, container(after).ContainerID, before.UID)
	}
}

func TestAnImageNeedsATag(t *testing.T) {
	out, code := call(t, "load-image", "--name", sharedName, "--image", "localhost/app", suite.workload)
	const want = "error: bad image name \"localhost/app\": expected a name in lower case with a tag, such as localhost/app:1\n"
	if code != 1 || out != want {
		t.Errorf("found exit code %d: %s", code, out)
	}
}
