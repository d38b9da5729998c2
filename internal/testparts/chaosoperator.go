package testparts

import "testing"

// ChaosOperator starts LitmusChaos's operator for all namespaces of a cluster, whose definitions of Litmus's kinds must
// be there. It ends with the test, or sooner by stop. The runner that it starts is a pod; where pods are simulated, a
// test plays the runner's part itself.
func ChaosOperator(t testing.TB, kubeconfig string) (stop func()) {
	t.Helper()
	program := find(t, "chaos-operator")
	health := freeAddress(t)
	stop = startIn(t, t.TempDir(), []string{
		"ANALYTICS=FALSE", "WATCH_NAMESPACE=", "CHAOS_RUNNER_IMAGE=registry.example/chaos-runner:1",
	}, program, "--kubeconfig="+kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address="+health)
	untilReady(t, "http://"+health+"/readyz")
	return stop
}
