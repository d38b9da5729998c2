package endtoend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

func deployment(name string, replicas int32) *appsv1.Deployment {
	template := pod(name)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: template.Labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template.Labels}, Spec: template.Spec},
		},
	}
}

// deploy creates a deployment and waits until it is available.
func deploy(t *testing.T, client kubernetes.Interface, namespace string, d *appsv1.Deployment) {
	t.Helper()
	if _, err := client.AppsV1().Deployments(namespace).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	deployments := client.AppsV1().Deployments(namespace)
	wait(t, "an available deployment", &appsv1.Deployment{}, watcher{
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return deployments.List(ctx, o)
		},
		watch: deployments.Watch,
	}, func(found *appsv1.Deployment) bool {
		return found.Name == d.Name && found.Status.AvailableReplicas == *d.Spec.Replicas
	})
}

func TestDeploymentWithService(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	deploy(t, client, in, deployment("web", 3))
	_, err := client.CoreV1().Services(in).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	slices := client.DiscoveryV1().EndpointSlices(in)
	found := wait(t, "three endpoints", &discoveryv1.EndpointSlice{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return slices.List(ctx, o) },
		watch: slices.Watch,
	}, func(slice *discoveryv1.EndpointSlice) bool { return len(slice.Endpoints) == 3 })
	addresses := map[string]bool{}
	for _, endpoint := range found.Endpoints {
		addresses[endpoint.Addresses[0]] = true
	}
	if len(addresses) != 3 {
		t.Errorf("found addresses %v, expected three different ones", addresses)
	}
}

func TestStatefulSetWithClaims(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	template := pod("db")
	replicas := int32(2)
	_, err := client.AppsV1().StatefulSets(in).Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: template.Labels},
			Template:             corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template.Labels}, Spec: template.Spec},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{*claim("data", nil)},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sets := client.AppsV1().StatefulSets(in)
	wait(t, "two ready replicas", &appsv1.StatefulSet{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return sets.List(ctx, o) },
		watch: sets.Watch,
	}, func(set *appsv1.StatefulSet) bool { return set.Status.ReadyReplicas == 2 })
	waitClaim(t, client, in, "data-db-1", func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound })
}

func TestDaemonSet(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	template := pod("agent")
	_, err := client.AppsV1().DaemonSets(in).Create(t.Context(), &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "agent"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: template.Labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template.Labels}, Spec: template.Spec},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sets := client.AppsV1().DaemonSets(in)
	wait(t, "a pod on each node", &appsv1.DaemonSet{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return sets.List(ctx, o) },
		watch: sets.Watch,
	}, func(set *appsv1.DaemonSet) bool {
		return set.Status.NumberReady == 4 && set.Status.DesiredNumberScheduled == 4
	})
}

func claim(name string, class *string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

func waitClaim(t *testing.T, client kubernetes.Interface, namespace, name string, satisfied func(*corev1.PersistentVolumeClaim) bool) *corev1.PersistentVolumeClaim {
	t.Helper()
	claims := client.CoreV1().PersistentVolumeClaims(namespace)
	return wait(t, "claim "+name, &corev1.PersistentVolumeClaim{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return claims.List(ctx, o) },
		watch: claims.Watch,
	}, func(found *corev1.PersistentVolumeClaim) bool { return found.Name == name && satisfied(found) })
}

func TestClaimIsBoundExpandedAndItsVolumeDeleted(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Create(t.Context(), claim("data", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	bound := waitClaim(t, client, in, "data", func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound })
	if bound.Spec.StorageClassName == nil || *bound.Spec.StorageClassName != "standard" {
		t.Errorf("found storage class %v, expected the default one", bound.Spec.StorageClassName)
	}
	patch := []byte(`{"spec":{"resources":{"requests":{"storage":"5Gi"}}}}`)
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Patch(t.Context(), "data", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	waitClaim(t, client, in, "data", func(c *corev1.PersistentVolumeClaim) bool {
		return c.Status.Capacity.Storage().String() == "5Gi"
	})
	events, err := client.CoreV1().PersistentVolumes().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + bound.Spec.VolumeName})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	if err := client.CoreV1().PersistentVolumeClaims(in).Delete(t.Context(), "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case event := <-events.ResultChan():
			if event.Type == "DELETED" {
				return
			}
		case <-deadline.C:
			t.Fatal("waited for the end of the volume: it still exists")
		}
	}
}

func TestClaimThatWaitsForItsFirstConsumer(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	late := "wait-for-first-consumer"
	if _, err := client.CoreV1().PersistentVolumeClaims(in).Create(t.Context(), claim("late", &late), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitEvent(t, client, in, "WaitForFirstConsumer")
	user := pod("user")
	user.Spec.Volumes = []corev1.Volume{{Name: "late", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "late"},
	}}}
	create(t, client, in, user)
	waitClaim(t, client, in, "late", func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound })
	waitPod(t, client, in, "a ready pod", isReady)
}

func TestQuota(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	_, err := client.CoreV1().ResourceQuotas(in).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "one-pod"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	quotas := client.CoreV1().ResourceQuotas(in)
	wait(t, "a counted quota", &corev1.ResourceQuota{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return quotas.List(ctx, o) },
		watch: quotas.Watch,
	}, func(quota *corev1.ResourceQuota) bool { return len(quota.Status.Hard) == 1 })
	create(t, client, in, pod("first"))
	_, err = client.CoreV1().Pods(in).Create(t.Context(), pod("second"), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "exceeded quota: one-pod") {
		t.Errorf("found %v, expected that the quota forbids a second pod", err)
	}
}

func TestDisruptionBudgetRefusesAnEviction(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	deploy(t, client, in, deployment("web", 2))
	minimum := intstr.FromInt32(2)
	_, err := client.PolicyV1().PodDisruptionBudgets(in).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &minimum, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	budgets := client.PolicyV1().PodDisruptionBudgets(in)
	wait(t, "a counted budget", &policyv1.PodDisruptionBudget{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return budgets.List(ctx, o) },
		watch: budgets.Watch,
	}, func(budget *policyv1.PodDisruptionBudget) bool { return budget.Status.CurrentHealthy == 2 })
	pods, err := client.CoreV1().Pods(in).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	evict := func() error {
		return client.CoreV1().Pods(in).EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pods.Items[0].Name}})
	}
	if err := evict(); !apierrors.IsTooManyRequests(err) {
		t.Errorf("found %v, expected that the budget refuses the eviction", err)
	}
	if err := client.PolicyV1().PodDisruptionBudgets(in).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := evict(); err != nil {
		t.Errorf("found %v, expected an eviction without a budget to be granted", err)
	}
	waitGone(t, client, in, pods.Items[0].Name)
}

func TestNetworkPolicyIsAccepted(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	_, err := client.NetworkingV1().NetworkPolicies(in).Create(t.Context(), &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "closed"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Error(err)
	}
}

func TestAutoscaler(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	scaled := deployment("web", 1)
	scaled.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}
	scaled.Spec.Template.Annotations = map[string]string{prefix + "cpu-usage": "250m"}
	deploy(t, client, in, scaled)
	wanted, least := int32(80), int32(1)
	_, err := client.AutoscalingV2().HorizontalPodAutoscalers(in).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			MinReplicas:    &least, MaxReplicas: 4,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &wanted},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scalers := client.AutoscalingV2().HorizontalPodAutoscalers(in)
	wait(t, "an autoscaler that wants four pods", &autoscalingv2.HorizontalPodAutoscaler{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return scalers.List(ctx, o) },
		watch: scalers.Watch,
	}, func(found *autoscalingv2.HorizontalPodAutoscaler) bool { return found.Status.DesiredReplicas == 4 })
}

func TestNamespaceIsGoneSoon(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gone-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	deploy(t, client, made.Name, deployment("web", 3))
	events, err := client.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	began := time.Now()
	if err := client.CoreV1().Namespaces().Delete(t.Context(), made.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for event := range events.ResultChan() {
		if event.Type == "DELETED" {
			break
		}
	}
	took := time.Since(began)
	t.Logf("the namespace was gone after %s", took)
	if took > 4*time.Second {
		t.Errorf("the namespace was gone after %s, expected less than the controller manager's own wait of 5s", took)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("talker", "logs", "line one\nline two"))
	waitPod(t, client, in, "a ready pod", isReady)
	logs := func(options *corev1.PodLogOptions) string {
		t.Helper()
		content, err := client.CoreV1().Pods(in).GetLogs("talker", options).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	all := logs(&corev1.PodLogOptions{})
	contains(t, all, "[simulated] container app of pod "+in+"/talker with image registry.example/app:1")
	if !strings.HasSuffix(all, "\nline one\nline two\n") {
		t.Errorf("found log %q", all)
	}
	lines := int64(1)
	if last := logs(&corev1.PodLogOptions{TailLines: &lines}); last != "line two\n" {
		t.Errorf("found last line %q", last)
	}

	stream, err := client.CoreV1().Pods(in).GetLogs("talker", &corev1.PodLogOptions{Follow: true, TailLines: &lines}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	buffer := make([]byte, len("line two\nline three\n"))
	if _, err := io.ReadFull(stream, buffer[:len("line two\n")]); err != nil {
		t.Fatal(err)
	}
	annotate(t, client, in, "talker", "logs", "line one\nline two\nline three")
	if _, err := io.ReadFull(stream, buffer[len("line two\n"):]); err != nil {
		t.Fatal(err)
	}
	if string(buffer) != "line two\nline three\n" {
		t.Errorf("found followed log %q", buffer)
	}
}

func TestLogsOfACrashLoopEndWithTheReason(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("crash", "crash-loop", "true", "logs", "fatal: cannot reach the database"))
	waitPod(t, client, in, "a crash loop", func(p *corev1.Pod) bool { return waitsFor(p, "CrashLoopBackOff") })
	for _, previous := range []bool{false, true} {
		content, err := client.CoreV1().Pods(in).GetLogs("crash", &corev1.PodLogOptions{Previous: previous}).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(content), "\nfatal: cannot reach the database\n") {
			t.Errorf("found log %q with previous %v", content, previous)
		}
	}
}

func TestExecInAPod(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("shell", "exec-output", "hello", "exec-exit-code", "3"))
	waitPod(t, client, in, "a ready pod", isReady)
	request := client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name("shell").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "app", Command: []string{"cat", "/etc/hosts"}, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(suite.shared.config, "GET", request.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	if err == nil || err.Error() != "command terminated with exit code 3" {
		t.Errorf("found %v, expected exit code 3", err)
	}
	if stdout.String() != "hello\n" {
		t.Errorf("found output %q", stdout.String())
	}
	contains(t, stderr.String(), "[simulated] nothing runs in container app of pod "+in+"/shell: cat /etc/hosts")
}

func TestPortForward(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("web"))
	waitPod(t, client, in, "a ready pod", isReady)
	roundTripper, upgrader, err := spdy.RoundTripperFor(suite.shared.config)
	if err != nil {
		t.Fatal(err)
	}
	address := client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name("web").SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, http.MethodPost, address)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.New(dialer, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the forwarding ended: %v", err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(int(ports[0].Local))+"/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if string(content) != "[simulated] pod "+in+"/web, port 8080, GET /path\n" {
		t.Errorf("found %q", content)
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestKubeletsAnswerNobodyWithoutACertificate(t *testing.T) {
	t.Parallel()
	node := waitNode(t, suite.shared.client, "a node with a kubelet", func(node *corev1.Node) bool {
		return node.Status.DaemonEndpoints.KubeletEndpoint.Port != 0
	})
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(suite.shared.config.CAData) {
		t.Fatal("found no certificate authority in the kubeconfig")
	}
	address := "127.0.0.1:" + strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	connection, err := (&tls.Dialer{Config: &tls.Config{RootCAs: authority}}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		// With TLS 1.3 a server that wants a certificate says so only when it is read from.
		_, err = connection.Read(make([]byte, 1))
		connection.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("found %v, expected that a certificate is required", err)
	}
}

func TestNamespaceWithCustomResourceThatIsHeld(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	untyped, err := dynamic.NewForConfig(suite.shared.config)
	if err != nil {
		t.Fatal(err)
	}
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "custom-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	definitions := untyped.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "gadgets.example.com"},
		"spec": map[string]any{
			"group": "example.com", "scope": "Namespaced",
			"names": map[string]any{"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
	if _, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	wait(t, "the established definition", &unstructured.Unstructured{}, watcher{
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return definitions.List(ctx, o)
		},
		watch: definitions.Watch,
	}, func(found *unstructured.Unstructured) bool {
		return found.GetName() == "gadgets.example.com" && strings.Contains(jsonOf(t, found), `"status":"True","type":"Established"`)
	})
	gadgets := untyped.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "gadgets"}).Namespace(made.Name)
	_, err = gadgets.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Gadget",
		"metadata": map[string]any{"name": "one", "finalizers": []any{"example.com/held"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	namespaces, err := client.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer namespaces.Stop()
	if err := client.CoreV1().Namespaces().Delete(t.Context(), made.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait(t, "the object that is being deleted", &unstructured.Unstructured{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return gadgets.List(ctx, o) },
		watch: gadgets.Watch,
	}, func(found *unstructured.Unstructured) bool { return found.GetDeletionTimestamp() != nil })
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), made.Name, metav1.GetOptions{}); err != nil {
		t.Errorf("the namespace has gone before what it holds: %v", err)
	}
	if _, err := gadgets.Patch(t.Context(), "one", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case event := <-namespaces.ResultChan():
			if event.Type == "DELETED" {
				return
			}
		case <-deadline.C:
			t.Fatal("waited for the end of the namespace: it still exists")
		}
	}
}

func jsonOf(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	content, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
