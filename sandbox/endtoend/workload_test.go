package endtoend

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
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
