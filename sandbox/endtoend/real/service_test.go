//go:build real

package real

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

func TestAServiceReachesThePodsOfADeployment(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createWeb(t, in)
	until(t, "three available pods", func(ctx context.Context) (string, bool) {
		web, err := suite.shared.client.AppsV1().Deployments(in).Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", web.Status), web.Status.AvailableReplicas == 3
	})
	createPod(t, in, "caller", podSpec("serve"))
	pod := waitPod(t, in, "caller", "a ready pod", isReady)
	if pod.Spec.NodeName != "real-1" {
		t.Errorf("the pod is on %s, expected the real node although there is a simulated one", pod.Spec.NodeName)
	}
	for _, address := range []string{"http://web/", "http://web." + in + ".svc.cluster.local/"} {
		seen := map[string]bool{}
		until(t, "an answer of every pod at "+address, func(context.Context) (string, bool) {
			answer, err := execute(t, in, "caller", "get", address)
			if err != nil {
				return answer + err.Error(), false
			}
			seen[strings.TrimSpace(answer)] = true
			return fmt.Sprint(seen), len(seen) == 3
		})
	}
	if answer, err := execute(t, in, "caller", "get", "http://nobody.example/"); err == nil || !strings.Contains(answer, "no such host") {
		t.Errorf("found %q, %v: expected that a name outside the cluster doesn't exist", answer, err)
	}
	// The API server reaches pods too, for instance to call their webhooks.
	answer, err := suite.shared.client.CoreV1().Services(in).ProxyGet("http", "web", "80", "/", nil).DoRaw(t.Context())
	if err != nil || !strings.HasPrefix(string(answer), "web-") {
		t.Errorf("found %q, %v: expected the name of a pod through the API server", answer, err)
	}
}

func createWeb(t *testing.T, in string) {
	t.Helper()
	spec, three, labels := podSpec("serve"), int32(3), map[string]string{"app": "web"}
	spec.Containers[0].ReadinessProbe = probe("/health")
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &three, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}
	if _, err := suite.shared.client.AppsV1().Deployments(in).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	}
	if _, err := suite.shared.client.CoreV1().Services(in).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestLogsOfARealPodAreFollowed(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createPod(t, in, "talker", podSpec("serve"))
	waitPod(t, in, "talker", "a ready pod", isReady)
	stream, err := suite.shared.client.CoreV1().Pods(in).GetLogs("talker", &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if line, err := bufio.NewReader(stream).ReadString('\n'); err != nil || line != "serving\n" {
		t.Errorf("found %q, %v", line, err)
	}
}

func TestAPortOfARealPodIsForwarded(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createPod(t, in, "web", podSpec("serve"))
	waitPod(t, in, "web", "a ready pod", isReady)
	transport, upgrader, err := spdy.RoundTripperFor(suite.shared.config)
	if err != nil {
		t.Fatal(err)
	}
	address := suite.shared.client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name("web").SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.New(dialer, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	defer func() { close(stop); <-ended }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || string(answer) != "web\n" {
		t.Errorf("found %q, %v: expected the name of the pod", answer, err)
	}
}

func TestASimulatedNodeTakesThePodsThatAskForIt(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	spec := podSpec("serve")
	spec.NodeSelector = map[string]string{"sandbox.scenario-runner.dev/node-type": "simulated"}
	spec.Tolerations = []corev1.Toleration{{Key: "kwok.x-k8s.io/node", Operator: corev1.TolerationOpExists}}
	createPod(t, in, "simulated", spec)
	pod := waitPod(t, in, "simulated", "a ready pod", isReady)
	if pod.Spec.NodeName != "sandbox-0" {
		t.Errorf("the pod is on %s, expected the simulated node", pod.Spec.NodeName)
	}
	// The API server reaches the kubelets of both kinds of nodes.
	if log := logs(t, in, "simulated", corev1.PodLogOptions{}); !strings.HasPrefix(log, "[simulated] ") {
		t.Errorf("found log %q", log)
	}
}
