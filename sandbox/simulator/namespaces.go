package simulator

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/controller/namespace/deletion"
)

const (
	namespaceWorkers = 16
	// remainingRetry is how soon a namespace is looked at again that still has content.
	remainingRetry = 100 * time.Millisecond
	// podsPatience is how long the end of a namespace's pods is waited for before everything else is deleted.
	podsPatience = 300 * time.Millisecond
	podsInterval = 15 * time.Millisecond
)

// newNamespaceLoop deletes the content of terminating namespaces with the very code of the controller manager, but at
// once: that one waits five seconds first, and longer for pods, for the sake of clusters with several API servers.
func newNamespaceLoop(ctx context.Context, use clients, factory informers.SharedInformerFactory) *loop {
	core := use.typed.CoreV1()
	deleter := deletion.NewNamespacedResourcesDeleter(ctx, core.Namespaces(), use.metadata, core,
		use.typed.Discovery().ServerPreferredNamespacedResources, corev1.FinalizerKubernetes)
	n := namespaceEnd{client: use.typed, deleter: deleter}
	l := newLoop("namespaces", namespaceWorkers, n.reconcile)
	l.follow(factory.Core().V1().Namespaces().Informer(), func(object any) []string {
		namespace, ok := object.(*corev1.Namespace)
		if !ok || namespace.DeletionTimestamp == nil {
			return nil
		}
		return []string{namespace.Name}
	})
	return l
}

type namespaceEnd struct {
	client  kubernetes.Interface
	deleter deletion.NamespacedResourcesDeleterInterface
}

func (n *namespaceEnd) reconcile(ctx context.Context, name string) (time.Duration, error) {
	if err := n.endPods(ctx, name); err != nil {
		return 0, err
	}
	err := n.deleter.Delete(ctx, name)
	var remaining *deletion.ResourcesRemainingError
	if errors.As(err, &remaining) {
		return remainingRetry, nil
	}
	if err != nil {
		return 0, fmt.Errorf("delete the content: %w", err)
	}
	return 0, nil
}

// endPods deletes the pods first and waits a moment for their end, because a pass over all resource types costs more
// than a hundred requests and would have to be repeated if it found pods that are still ending.
func (n *namespaceEnd) endPods(ctx context.Context, name string) error {
	pods := n.client.CoreV1().Pods(name)
	list, err := pods.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return fmt.Errorf("list the pods: %w", err)
	}
	if len(list.Items) == 0 {
		return nil
	}
	if err := pods.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return fmt.Errorf("delete the pods: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, podsPatience)
	defer cancel()
	ticker := time.NewTicker(podsInterval)
	defer ticker.Stop()
	for {
		list, err := pods.List(ctx, metav1.ListOptions{Limit: 1})
		if err == nil && len(list.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			// The pass over all resources finds what is left.
			return nil
		case <-ticker.C:
		}
	}
}
