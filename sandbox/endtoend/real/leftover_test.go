//go:build real

package real

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

// status is what a sandbox says about itself.
type status struct {
	State      string   `json:"state"`
	PID        int      `json:"pid"`
	RealNode   string   `json:"realNode"`
	Left       []string `json:"left"`
	Components []struct {
		Name  string `json:"name"`
		State string `json:"state"`
		PID   int    `json:"pid"`
	} `json:"components"`
}

func statusOf(t *testing.T, name string) status {
	t.Helper()
	out, _ := call(t, "status", "--name", name, "--json")
	var found status
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("read %q: %v", out, err)
	}
	return found
}

// A sandbox that is killed in the midst of its work leaves files and control groups, which down removes; one that is taken
// down leaves nothing. The other sandbox of these tests, which runs meanwhile, doesn't notice.
func TestAKilledSandboxIsTakenDown(t *testing.T) {
	const name = "real-killed"
	t.Cleanup(func() { call(t, "down", "--name", name) })
	if out, code := call(t, "up", "--node", "real", "--name", name, "--timeout", "2m"); code != 0 || !strings.Contains(out, "is up with a real node") {
		t.Fatalf("found exit code %d: %s", code, out)
	}
	if err := loadWorkload(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	runPod(t, name)
	found := statusOf(t, name)
	namespace := processNamespace(t, found)
	if running := processesIn(namespace, name); len(running) < 8 {
		t.Errorf("found %d processes of the node, expected the parts, a container and its two companions", len(running))
	}
	if err := syscall.Kill(found.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(t, namespace, name)
	if dead := statusOf(t, name); dead.State != "down" || len(dead.Left) != 2 || !strings.HasPrefix(dead.Left[1], "the control groups "+cgroupOf(name)) {
		t.Errorf("found %+v, expected that the folder and the control groups are named", dead)
	}
	if out, code := call(t, "down", "--name", name); code != 0 || out != "Sandbox \"real-killed\" is down.\n" {
		t.Errorf("found exit code %d: %s", code, out)
	}
	checkGone(t, name)
	if out, code := call(t, "down", "--name", name); code != 0 || out != "Sandbox \"real-killed\" is not up.\n" {
		t.Errorf("found exit code %d: %s", code, out)
	}
	if other := statusOf(t, sharedName); other.State != "up" {
		t.Errorf("the other sandbox is %s", other.State)
	}
}

func TestASandboxThatIsTakenDownLeavesNothing(t *testing.T) {
	const name = "real-down"
	t.Cleanup(func() { call(t, "down", "--name", name) })
	if out, code := call(t, "up", "--node", "real", "--name", name, "--timeout", "2m"); code != 0 {
		t.Fatalf("found exit code %d: %s", code, out)
	}
	if err := loadWorkload(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	runPod(t, name)
	namespace := processNamespace(t, statusOf(t, name))
	if out, code := call(t, "down", "--name", name); code != 0 {
		t.Errorf("found exit code %d: %s", code, out)
	}
	waitGone(t, namespace, name)
	checkGone(t, name)
}

// runPod has a pod run in a sandbox.
func runPod(t *testing.T, name string) {
	t.Helper()
	_, client, err := connect(filepath.Join(suite.cache, "scenario-runner", "sandbox", name, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: podSpec("serve")}
	if _, err := client.CoreV1().Pods("default").Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "a ready pod", podReady(client, "default", "web"))
}

// processNamespace returns the process namespace of the node.
func processNamespace(t *testing.T, found status) string {
	t.Helper()
	for _, component := range found.Components {
		if component.Name == "node" {
			link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", component.PID))
			if err != nil {
				t.Fatal(err)
			}
			return link
		}
	}
	t.Fatalf("found no node in %+v", found)
	return ""
}

func checkGone(t *testing.T, name string) {
	t.Helper()
	if cgroup := cgroupOf(name); realnode.CgroupsExist(cgroup) {
		t.Errorf("the control groups %s are left", cgroup)
	}
	left, err := filepath.Glob(filepath.Join(suite.cache, "scenario-runner", "sandbox", name+"*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left: %s", strings.Join(left, ", "))
	}
}
