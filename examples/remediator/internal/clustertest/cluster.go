package clustertest

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// Cluster is a cluster in the hands of one test.
type Cluster struct {
	kubernetes.Interface
	// Namespace belongs to the test alone.
	Namespace string
	config    *rest.Config
}

// Open connects to a cluster and makes a namespace that goes with the test.
func Open(t *testing.T, kubeconfig string) *Cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	cluster := &Cluster{config: config}
	cluster.Interface = cluster.Client(t, nil)
	namespaces := cluster.CoreV1().Namespaces()
	made, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "remediator-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cluster.Namespace = made.Name
	t.Cleanup(func() {
		if err := namespaces.Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// Client returns another client, whose configuration may be changed first.
func (c *Cluster) Client(t *testing.T, change func(*rest.Config)) kubernetes.Interface {
	t.Helper()
	config := rest.CopyConfig(c.config)
	if change != nil {
		change(config)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Deploy creates the deployment web and waits until it is rolled out.
func (c *Cluster) Deploy(t *testing.T, replicas int32, change ...func(*appsv1.Deployment)) {
	t.Helper()
	labels := map[string]string{"app": "web"}
	limits := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi"), corev1.ResourceCPU: resource.MustParse("500m")}
	requests := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{
					{Name: "web", Image: "web:1", Resources: corev1.ResourceRequirements{Limits: limits, Requests: requests}},
					{Name: "sidecar", Image: "sidecar:1"},
				}},
			},
		},
	}
	for _, apply := range change {
		apply(deployment)
	}
	if _, err := c.AppsV1().Deployments(c.Namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Await(t, func(web *appsv1.Deployment) bool {
		return web.Status.ObservedGeneration >= web.Generation && web.Status.AvailableReplicas == replicas
	})
}

// Deployment returns the deployment web as it is now.
func (c *Cluster) Deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	web, err := c.AppsV1().Deployments(c.Namespace).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return web
}

// Change updates the deployment web, again as long as somebody else is writing.
func (c *Cluster) Change(t *testing.T, change func(*appsv1.Deployment)) {
	t.Helper()
	for {
		web := c.Deployment(t)
		change(web)
		_, err := c.AppsV1().Deployments(c.Namespace).Update(t.Context(), web, metav1.UpdateOptions{})
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) {
			t.Fatal(err)
		}
	}
}

// Await watches the deployment web until it is as a test needs it.
func (c *Cluster) Await(t *testing.T, done func(*appsv1.Deployment) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, err := c.AppsV1().Deployments(c.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=web"})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		if web, ok := event.Object.(*appsv1.Deployment); ok && event.Type != watch.Deleted && done(web) {
			return
		}
	}
	t.Fatalf("the deployment did not get there: %+v", c.Deployment(t).Status)
}

// Pods returns the pods of the deployment web that are not terminating.
func (c *Cluster) Pods(t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := c.CoreV1().Pods(c.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	var alive []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			alive = append(alive, pod)
		}
	}
	return alive
}

// AwaitPod watches a pod until it is ready.
func (c *Cluster) AwaitPod(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, err := c.CoreV1().Pods(c.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		for i := 0; ok && i < len(pod.Status.Conditions); i++ {
			if condition := pod.Status.Conditions[i]; condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				return
			}
		}
	}
	t.Fatalf("pod %s did not become ready", name)
}

// Unschedulable makes a deployment whose pods never start, on any cluster.
func Unschedulable(web *appsv1.Deployment) {
	web.Spec.Template.Spec.NodeSelector = map[string]string{"example.com/no-such-node": "true"}
}

// Node creates a node of the test's own, without a kubelet, and returns its name.
func (c *Cluster) Node(t *testing.T) string {
	t.Helper()
	nodes := c.CoreV1().Nodes()
	made, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{GenerateName: "remediator-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nodes.Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return made.Name
}

// Delete deletes the deployment web.
func (c *Cluster) Delete(t *testing.T) {
	t.Helper()
	if err := c.AppsV1().Deployments(c.Namespace).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
