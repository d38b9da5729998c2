package simulator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// metricsManager is the field manager of the metrics.
const metricsManager = "sandbox"

// newMetricsLoop publishes what the annotations of pods say that they use, where autoscalers and `kubectl top` look.
func newMetricsLoop(client dynamic.Interface, factory informers.SharedInformerFactory) *loop {
	pods := factory.Core().V1().Pods()
	m := &podMetrics{client: client, pods: pods.Lister(), published: map[string]bool{}}
	l := newLoop("metrics", 2, m.reconcile)
	l.follow(pods.Informer(), func(object any) []string {
		pod, ok := object.(*corev1.Pod)
		if !ok {
			return nil
		}
		key := cache.MetaObjectToName(pod).String()
		if simulation.PodMetrics(pod, time.Time{}) == nil && !m.isPublished(key) {
			return nil
		}
		return []string{key}
	})
	return l
}

type podMetrics struct {
	client dynamic.Interface
	pods   corelisters.PodLister

	mu        sync.Mutex
	published map[string]bool
}

func (m *podMetrics) isPublished(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.published[key]
}

func (m *podMetrics) setPublished(key string, is bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if is {
		m.published[key] = true
		return
	}
	delete(m.published, key)
}

func (m *podMetrics) reconcile(ctx context.Context, key string) error {
	namespace, name, _ := strings.Cut(key, "/")
	target := m.client.Resource(simulation.PodMetricsResource()).Namespace(namespace)
	pod, err := m.pods.Pods(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		// The garbage collector has removed its metrics with it.
		m.setPublished(key, false)
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the pod: %w", err)
	}
	metrics := simulation.PodMetrics(pod, time.Now())
	if metrics == nil {
		m.setPublished(key, false)
		if err := target.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("withdraw the metrics: %w", err)
		}
		return nil
	}
	metrics.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}})
	_, err = target.Apply(ctx, name, metrics, metav1.ApplyOptions{FieldManager: metricsManager, Force: true})
	switch {
	case apierrors.IsNotFound(err), apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		// The kind isn't served yet, or the namespace is going.
		return errAgain
	case err != nil:
		return fmt.Errorf("publish the metrics: %w", err)
	}
	m.setPublished(key, true)
	return nil
}

// defineMetrics lets the API server serve the kind.
func defineMetrics(ctx context.Context, client dynamic.Interface) error {
	_, err := client.Resource(crdResource()).Create(ctx, simulation.PodMetricsDefinition(), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("define the kind of pod metrics: %w", err)
	}
	return nil
}
