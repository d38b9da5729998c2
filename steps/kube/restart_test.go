package kube_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestAPIServerMayBeRestartedUnderAWait(t *testing.T) {
	sandbox := kubetest.OwnSandbox(t)
	c := kubetest.NewOn(t, sandbox.Kubeconfig)
	c.Apply(t, configMap)
	waiting := make(chan struct{})
	restarted := make(chan error, 1)
	go func() {
		<-waiting
		err := sandbox.Restart(t.Context(), "kube-apiserver", 500*time.Millisecond)
		if err == nil {
			_, err = c.Target.Patch(t.Context(), ref(t, "cm/settings"), kube.Patch{Body: map[string]any{"data": map[string]any{"color": "red"}}})
		}
		restarted <- err
	}()
	first := true
	c.Until(t, "cm/settings", func(o *unstructured.Unstructured) bool {
		if first {
			first = false
			close(waiting)
		}
		return text(o, "data", "color") == "red"
	})
	if err := <-restarted; err != nil {
		t.Error(err)
	}
	// What is changed by others after the restart arrives by the watch alone.
	other := kube.NewEnv(kube.Options{Kubeconfig: sandbox.Kubeconfig})
	defer other.Close()
	target, err := other.Target(t.Context(), guestOf(c))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Patch(t.Context(), ref(t, "cm/settings"), kube.Patch{Change: kube.Change{Keep: true}, Body: map[string]any{"data": map[string]any{"color": "green"}}}); err != nil {
		t.Fatal(err)
	}
	c.Until(t, "cm/settings", func(o *unstructured.Unstructured) bool { return text(o, "data", "color") == "green" })
}
