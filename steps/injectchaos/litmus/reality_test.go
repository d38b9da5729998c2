package litmus

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Both reasons are what litmus-go wrote on a real node.
func TestReasonsAreTakenOutOfTheirJSON(t *testing.T) {
	tests := []struct{ said, want string }{
		{`{"source":"pod-memory-hog-helper-vgc67","errorCode":"CHAOS_INJECT_ERROR","phase":"ChaosInject","reason":"exit status 2"}`, "exit status 2 (pod-memory-hog-helper-vgc67)"},
		{`{"errorCode":"HELPER_POD_FAILED_ERROR","reason":"helper pod failed","target":"{podLabel: app=x, namespace: shop}"}`, "helper pod failed ({podLabel: app=x, namespace: shop})"},
		{`{"reason":"no pod found"}`, "no pod found"},
		{`{"errorCode":"GENERIC_ERROR"}`, `{"errorCode":"GENERIC_ERROR"}`},
		{"no pod found", "no pod found"},
	}
	for _, tt := range tests {
		if got := innerReason(tt.said); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func restarted(count int64) []*unstructured.Unstructured {
	pod := named("Pod", "web-1")[0]
	pod.Object["status"] = map[string]any{"containerStatuses": []any{map[string]any{"restartCount": count}}}
	return []*unstructured.Unstructured{pod}
}

// The container of a memory hog is often killed a moment after Litmus has said that the fault is there.
func TestWhatIsSeenCountsMoreThanWhatWasSaid(t *testing.T) {
	experiment, _ := catalogue.Get("pod-memory-hog")
	f := &fault{request: driver.Request{Experiment: experiment}}
	f.aim.choose(f.request, restarted(0))
	said := outcome{phase: "Error", verdict: "Error", failStep: "exit status 137", targets: []hit{{"pod", "web-1", "injected"}}}
	for _, tt := range []struct {
		restarts int64
		proof    string
		message  string
	}{
		{0, stated, "LitmusChaos's verdict on pod-memory-hog is Error: exit status 137"},
		{1, observed, "LitmusChaos's verdict on pod-memory-hog is Error: exit status 137; the container was ended while its memory was taken, and Litmus's load with it: leave duration out when that is wanted, then the step ends with the fault and the next one can wait for what comes of it"},
	} {
		v := &view{result: said, targets: kube.Snapshot{Objects: restarted(tt.restarts)}}
		if !f.proved(v) || f.proof != tt.proof {
			t.Errorf("after %d restarts the proof is %q, expected %q", tt.restarts, f.proof, tt.proof)
		}
		if got := f.judgement(said).Error(); got != tt.message {
			t.Errorf("got  %s\nwant %s", got, tt.message)
		}
	}
}

// Seen on Kubernetes 1.37 with litmus-go of 2023: without this the step waits for a helper that is gone.
func TestHelperThatAJobTookIsTold(t *testing.T) {
	experiment, _ := catalogue.Get("container-kill")
	f := &fault{request: driver.Request{Experiment: experiment}}
	yes := true
	owned := func(name, app, kind string) *unstructured.Unstructured {
		pod := named("Pod", name)[0]
		pod.SetLabels(map[string]string{"app": app})
		pod.SetOwnerReferences([]metav1.OwnerReference{{Kind: kind, Name: "container-kill-h4lw69", Controller: &yes}})
		return pod
	}
	helper := named("Pod", "container-kill-helper-xl5vx")[0]
	helper.SetLabels(map[string]string{"app": "container-kill-helper-qjxouj"})
	well := []*unstructured.Unstructured{owned("container-kill-h4lw69-q96wz", "", "Job"), owned("web-1", "web-helper-a", "ReplicaSet"), helper}
	if err := f.stuck(&view{pods: well}); err != nil {
		t.Errorf("unexpected: %v", err)
	}
	taken := append(well, owned("container-kill-helper-xl5vx", "container-kill-helper-qjxouj", "Job"))
	want := "Kubernetes took pod container-kill-helper-xl5vx, a helper of the experiment, for one of job container-kill-h4lw69 and ends it, so the experiment would wait for it until its time is over; this happens to older versions of LitmusChaos on Kubernetes 1.27 and newer: use a newer one, or driver: builtin"
	if err := f.stuck(&view{pods: taken}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
