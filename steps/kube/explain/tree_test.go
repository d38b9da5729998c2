package explain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// object returns an object that its name identifies.
func object(kind, name string, status map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "spec": map[string]any{}, "status": status}}
	if kind == "Deployment" || kind == "ReplicaSet" {
		o.Object["apiVersion"] = "apps/v1"
		o.Object["spec"] = map[string]any{"replicas": int64(2)}
	}
	o.SetName(name)
	o.SetUID(types.UID(name))
	return o
}

// pulling is the status of a pod whose image is not there.
func pulling(reason, message string) map[string]any {
	return map[string]any{"phase": "Pending", "containerStatuses": []any{map[string]any{
		"name": "app", "state": map[string]any{"waiting": map[string]any{"reason": reason, "message": message}},
	}}}
}

func unschedulable(message string) map[string]any {
	return map[string]any{"phase": "Pending", "conditions": []any{map[string]any{
		"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
	}}}
}

func readyPod() map[string]any {
	return map[string]any{"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}
}

// deployed is a deployment with one replica set and these pods.
func deployed(pods ...map[string]any) *family {
	status := map[string]any{"replicas": int64(2), "updatedReplicas": int64(2), "fullyLabeledReplicas": int64(2)}
	f := &family{root: object("Deployment", "web", status), children: map[types.UID][]*unstructured.Unstructured{}}
	f.children["web"] = []*unstructured.Unstructured{object("ReplicaSet", "web-6d4b", status)}
	for i, pod := range pods {
		f.children["web-6d4b"] = append(f.children["web-6d4b"], object("Pod", fmt.Sprintf("web-6d4b-aaaa%d", i), pod))
	}
	return f
}

const (
	missingImage = `Back-off pulling image "shop/web:2": failed to pull and unpack image "shop/web:2": failed to resolve reference "shop/web:2": shop/web:2: not found`
	noRoom       = `0/5 nodes are available: 5 Insufficient cpu. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.`
)

func TestPodsThatSayTheSameAreFolded(t *testing.T) {
	tests := []struct {
		name   string
		family *family
		want   string
	}{
		{"an image that is missing", deployed(pulling("ImagePullBackOff", missingImage), pulling("ImagePullBackOff", missingImage)), `
Deployment web: Available: 0/2
  2 pods (web-6d4b-aaaa0, web-6d4b-aaaa1): Pending, not ready
    container app waits: ImagePullBackOff: Back-off pulling image "shop/web:2": not found
cause: container app waits: ImagePullBackOff: Back-off pulling image "shop/web:2": not found`},
		{"no node", deployed(unschedulable(noRoom), unschedulable(noRoom), unschedulable(noRoom), unschedulable(noRoom), unschedulable(noRoom)), `
Deployment web: Available: 0/2
  5 pods (web-6d4b-aaaa0, web-6d4b-aaaa1, web-6d4b-aaaa2 and 2 more): Unschedulable: 0/5 nodes are available: 5 Insufficient cpu.
cause: Unschedulable: 0/5 nodes are available: 5 Insufficient cpu.`},
		{"different troubles, the sick ones first", deployed(readyPod(), pulling("ErrImagePull", missingImage)), `
Deployment web: Available: 0/2
  Pod web-6d4b-aaaa1: Pending, not ready
    container app waits: ErrImagePull: Back-off pulling image "shop/web:2": not found
  Pod web-6d4b-aaaa0: ready
cause: container app waits: ErrImagePull: Back-off pulling image "shop/web:2": not found`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := "\n" + strings.Join(test.family.tree(t.Context()), "\n") + "\ncause: " + test.family.cause()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func event(kind, reason, about, message string, minute int) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"type": kind, "reason": reason, "message": message, "lastTimestamp": fmt.Sprintf("2026-03-01T12:%02d:00Z", minute),
		"involvedObject": map[string]any{"kind": "Pod", "name": about, "uid": about},
	}}
}

func TestEventsThatRepeatTheStateAreDetails(t *testing.T) {
	f := deployed(pulling("ImagePullBackOff", missingImage), pulling("ImagePullBackOff", missingImage))
	shown, others := f.sorted([]*unstructured.Unstructured{
		event("Warning", "BackOff", "web-6d4b-aaaa0", `Back-off pulling image "shop/web:2"`, 1),
		event("Warning", "Failed", "web-6d4b-aaaa0", `Failed to pull image "shop/web:2": not found`, 2),
		event("Warning", "Failed", "web-6d4b-aaaa1", `Failed to pull image "shop/web:2": not found`, 3),
		event("Warning", "FailedMount", "web-6d4b-aaaa1", `secret "keys" not found`, 4),
		event("Warning", "FailedMount", "web-6d4b-aaaa0", `secret "keys" not found`, 5),
		event("Normal", "Scheduled", "web-6d4b-aaaa0", "Successfully assigned", 6),
		event("Normal", "Killing", "web-6d4b-aaaa0", "Stopping container app", 7),
		event("Warning", "Failed", "somebody-else", "not ours", 8),
	}, f.tree(t.Context()))
	if diff := cmp.Diff([]string{
		`Warning FailedMount ×2, 2 pods: secret "keys" not found`,
		`Normal Killing, Pod web-6d4b-aaaa0: Stopping container app`,
	}, shown); diff != "" {
		t.Errorf("shown: %s", diff)
	}
	if diff := cmp.Diff([]string{
		`Warning BackOff, Pod web-6d4b-aaaa0: Back-off pulling image "shop/web:2"`,
		`Warning Failed ×2, 2 pods: Failed to pull image "shop/web:2": not found`,
		`Normal Scheduled, Pod web-6d4b-aaaa0: Successfully assigned`,
	}, others); diff != "" {
		t.Errorf("others: %s", diff)
	}
}

func TestTheNewestWarningsAreShown(t *testing.T) {
	f := deployed(readyPod())
	var events []*unstructured.Unstructured
	for i := range 10 {
		events = append(events, event("Warning", "Unhealthy", "web-6d4b-aaaa0", strings.Repeat("x", i+1), i))
	}
	events = append(events, event("Normal", "Killing", "web-6d4b-aaaa0", "Stopping", 30))
	shown, others := f.sorted(events, nil)
	if len(shown) != eventLimit || !strings.HasSuffix(shown[0], ": xxx") || !strings.HasSuffix(shown[7], ": xxxxxxxxxx") || len(others) != 3 {
		t.Errorf("shown %q\nothers %q", shown, others)
	}
}

func TestTidy(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"image", missingImage, `Back-off pulling image "shop/web:2": not found`},
		{
			"the registry's own words stay",
			`rpc error: code = Unknown desc = failed to pull and unpack image "r.example/web:2": failed to resolve reference "r.example/web:2": failed to do request: Head "https://r.example/v2/web/manifests/2": dial tcp: lookup r.example: no such host`,
			`failed to pull and unpack image "r.example/web:2": failed to do request: Head "https://r.example/v2/web/manifests/2": dial tcp: lookup r.example: no such host`,
		},
		{"only an image", `Pulling image "shop/web:2"`, `Pulling image "shop/web:2"`},
		{"scheduler", noRoom, "0/5 nodes are available: 5 Insufficient cpu."},
		{"crash loop", "CrashLoopBackOff: back-off 5m0s restarting failed container=app pod=web-1_ns(0b1ab6fa-5d14-4b22-9c5f-8a4c9e3a1b2c); 3 restarts", "CrashLoopBackOff: back-off 5m0s; 3 restarts"},
		{"lines", "a\n  b", "a b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tidy(test.in); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
