package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// breakable adds what faults hit beside the workload: a service, a secret and a node on which nothing runs.
func (f *fixture) breakable() (node string) {
	f.t.Helper()
	ctx := f.t.Context()
	_, err := f.client.CoreV1().Services(f.namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(80)}}},
	}, metav1.CreateOptions{})
	f.must(err)
	_, err = f.client.CoreV1().Secrets(f.namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "login"}, StringData: map[string]string{"password": secretOfTheFixture},
	}, metav1.CreateOptions{})
	f.must(err)
	made, err := f.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: f.namespace + "-node", Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "kill", Value: "test", Effect: corev1.TaintEffectNoSchedule}}},
	}, metav1.CreateOptions{})
	f.must(err)
	f.t.Cleanup(func() {
		_ = f.client.CoreV1().Nodes().Delete(context.WithoutCancel(ctx), made.Name, metav1.DeleteOptions{})
	})
	return made.Name
}

const secretOfTheFixture = "correct-horse-battery"

// harm is everything that a fault can leave behind, beside what the snapshot has.
func (f *fixture) harm(node string) map[string]any {
	f.t.Helper()
	ctx := f.t.Context()
	out := f.snapshot()
	service, err := f.client.CoreV1().Services(f.namespace).Get(ctx, "web", metav1.GetOptions{})
	f.must(err)
	secret, err := f.client.CoreV1().Secrets(f.namespace).Get(ctx, "login", metav1.GetOptions{})
	f.must(err)
	quotas, err := f.client.CoreV1().ResourceQuotas(f.namespace).List(ctx, metav1.ListOptions{})
	f.must(err)
	policies, err := f.client.NetworkingV1().NetworkPolicies(f.namespace).List(ctx, metav1.ListOptions{})
	f.must(err)
	out["service"], out["secret"], out["quotas"], out["policies"] = service.Spec.Selector, secret.Data, len(quotas.Items), len(policies.Items)
	found, err := f.client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	f.must(err)
	var taints []string
	for _, taint := range found.Spec.Taints {
		if !strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			taints = append(taints, taint.ToString())
		}
	}
	out["taints"] = taints
	pods, err := f.client.CoreV1().Pods(f.namespace).List(ctx, metav1.ListOptions{})
	f.must(err)
	for _, pod := range pods.Items { // their names come and go; marks of ours must not stay
		for key := range pod.Annotations {
			out["annotation/"+key] = true
		}
		for key := range pod.Labels {
			out["label/"+key] = true
		}
	}
	return out
}

// killedElsewhere are the experiments that a sandbox can't carry, with the test that ends them after a kill.
var killedElsewhere = map[string]string{
	"pod-network-partition": "steps/injectchaos/builtin TestIsolationWhereThePoliciesAreEnforced",
	"dns-failure":           "steps/injectchaos/builtin TestIsolationWhereThePoliciesAreEnforced",
	"pod-io-stress":         "steps/injectchaos/builtin TestLoadOfAKilledRun",
	"disk-fill":             "steps/injectchaos/builtin TestLoadOfAKilledRun",
}

// TestKillDuringEveryExperiment kills the program with SIGKILL while a fault stands, and cleans up with another process.
func TestKillDuringEveryExperiment(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	node := f.breakable()
	experiments := []string{
		"pod-delete, target: deployment/web",
		"container-kill, target: deployment/web",
		"pod-cpu-hog, target: deployment/web",
		"pod-memory-hog, target: deployment/web, parameters: {megabytes: 60}",
		"service-disruption, target: service/web",
		"config-corruption, target: configmap/settings",
		"secret-corruption, target: secret/login",
		"image-pull-failure, target: deployment/web",
		"scale-to-zero, target: deployment/web",
		"quota-exhaustion, target: {}",
		"node-drain, target: node/" + node,
		"node-taint, target: node/" + node,
		"node-not-ready, target: node/" + node,
	}
	for _, name := range catalogue.By(catalogue.Builtin) {
		here := slices.ContainsFunc(experiments, func(e string) bool { return strings.HasPrefix(e, name+",") })
		if _, elsewhere := killedElsewhere[name]; here == elsewhere {
			t.Errorf("no test kills the program during %s, or two do", name)
		}
	}
	for _, experiment := range experiments {
		name, _, _ := strings.Cut(experiment, ",")
		t.Run(name, func(t *testing.T) {
			f.t, f.state = t, t.TempDir()
			f.whole(node)
			before := f.harm(node)
			file := filepath.Join(t.TempDir(), "kill.scenario.yaml")
			f.must(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: %[1]s-kill, namespace: %[1]s}
steps:
  - injectChaos: {experiment: %[2]s}
  - id: stuck
    waitFor: {object: configmap/never, until: object != nil}
    timeout: 5m
`, f.namespace, experiment), 0o600))
			c, output := f.start(file)
			f.must(c.Process.Kill())
			_ = c.Wait()
			journal, err := os.ReadFile(filepath.Join(f.state, "run", "journal.jsonl"))
			f.must(err)
			if strings.Contains(string(journal), secretOfTheFixture) || strings.Contains(string(journal), "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5") {
				t.Errorf("the journal holds the secret:\n%s", journal)
			}
			if name != "pod-delete" && cmp.Diff(before, f.harm(node)) == "" {
				t.Errorf("the fault did nothing:\n%s", output)
			}
			if out, err := f.command("cleanup", "--all").CombinedOutput(); err != nil {
				t.Fatalf("cleanup: %v\n%s", err, out)
			}
			if d := cmp.Diff(before, f.harm(node)); d != "" {
				t.Errorf("left behind:\n%s", d)
			}
		})
	}
	f.t = t
}

// whole waits until the workload, its endpoints and the node are well, as a fault needs them.
func (f *fixture) whole(node string) {
	f.t.Helper()
	f.until("everything is well", func() bool {
		ctx := f.t.Context()
		web, err := f.client.AppsV1().Deployments(f.namespace).Get(ctx, "web", metav1.GetOptions{})
		f.must(err)
		slices, err := f.client.DiscoveryV1().EndpointSlices(f.namespace).List(ctx, metav1.ListOptions{})
		f.must(err)
		found, err := f.client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
		f.must(err)
		ready := 0
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					ready++
				}
			}
		}
		well := false
		for _, c := range found.Status.Conditions {
			well = well || c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}
		return web.Status.AvailableReplicas == 2 && web.Status.Replicas == 2 && ready == 2 && well
	}, &strings.Builder{})
}
