package simulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
)

const (
	namespaceWorkers = 8
	// contentPatience is how long the end of a namespace's content is waited for before it is looked at anew.
	contentPatience = 300 * time.Millisecond
	contentInterval = 10 * time.Millisecond
)

// newNamespaceLoop finishes terminating namespaces at once. The controller manager does the same, but only after five
// seconds, and longer for pods, for the sake of clusters with several API servers; and it asks for the deletion of every
// kind of object, of which nearly all have none, so that it would cost more than everything else that a short-lived
// namespace costs. It is still there to report in the namespace's conditions what keeps it from ending.
func newNamespaceLoop(use clients, factory informers.SharedInformerFactory, kinds *kinds) *loop {
	n := namespaceEnd{client: use.typed, metadata: use.metadata, kinds: kinds}
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
	client   kubernetes.Interface
	metadata metadata.Interface
	kinds    *kinds
}

func (n *namespaceEnd) reconcile(ctx context.Context, name string) error {
	namespace, err := n.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the namespace: %w", err)
	}
	if namespace.DeletionTimestamp == nil || !slices.Contains(namespace.Spec.Finalizers, corev1.FinalizerKubernetes) {
		return nil
	}
	found, err := n.content(ctx, name, "")
	if err != nil {
		return err
	}
	if len(found) > 0 {
		if err := n.deleteContent(ctx, name, found); err != nil {
			return err
		}
	}
	return n.finish(ctx, namespace)
}

// finish releases a namespace in which nothing is left. Nothing can be created in it any more, except by requests that
// were admitted at the moment of its deletion; those have ended by now, and one more look finds what they have left.
func (n *namespaceEnd) finish(ctx context.Context, namespace *corev1.Namespace) error {
	found, err := n.content(ctx, namespace.Name, "0")
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return errAgain
	}
	namespace.Spec.Finalizers = slices.DeleteFunc(namespace.Spec.Finalizers, func(each corev1.FinalizerName) bool {
		return each == corev1.FinalizerKubernetes
	})
	_, err = n.client.CoreV1().Namespaces().Finalize(ctx, namespace, metav1.UpdateOptions{})
	switch {
	case apierrors.IsConflict(err):
		return errAgain
	case err != nil && !apierrors.IsNotFound(err):
		return fmt.Errorf("release the namespace: %w", err)
	}
	return nil
}

// content returns the resources of which the namespace has objects; pods come last.
func (n *namespaceEnd) content(ctx context.Context, namespace, version string) ([]schema.GroupVersionResource, error) {
	resources, err := n.kinds.namespaced()
	if err != nil {
		return nil, err
	}
	var found []schema.GroupVersionResource
	for _, resource := range resources {
		some, err := n.has(ctx, namespace, resource, version)
		if err != nil {
			return nil, err
		}
		if some {
			found = append(found, resource)
		}
	}
	return found, nil
}

func (n *namespaceEnd) has(ctx context.Context, namespace string, resource schema.GroupVersionResource, version string) (bool, error) {
	list, err := n.metadata.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 1, ResourceVersion: version})
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		// The resource has gone since it was discovered, and its objects with it.
		n.kinds.forget()
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", resource.Resource, err)
	}
	return len(list.Items) > 0, nil
}

// deleteContent asks for the deletion of everything and waits a moment for its end. Pods are deleted last, when nobody is
// left who would replace them.
func (n *namespaceEnd) deleteContent(ctx context.Context, namespace string, resources []schema.GroupVersionResource) error {
	background := metav1.DeletePropagationBackground
	for _, resource := range resources {
		err := n.metadata.Resource(resource).Namespace(namespace).
			DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
			return fmt.Errorf("delete %s: %w", resource.Resource, err)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, contentPatience)
	defer cancel()
	for _, resource := range resources {
		if err := n.waitEmpty(waiting, namespace, resource); err != nil {
			return err
		}
	}
	return nil
}

func (n *namespaceEnd) waitEmpty(ctx context.Context, namespace string, resource schema.GroupVersionResource) error {
	ticker := time.NewTicker(contentInterval)
	defer ticker.Stop()
	for {
		some, err := n.has(ctx, namespace, resource, "0")
		if err == nil && !some {
			return nil
		}
		select {
		case <-ctx.Done():
			return errAgain
		case <-ticker.C:
		}
		if err != nil {
			return err
		}
	}
}

// errAgain asks for another call after a while, which grows.
var errAgain = errors.New("not finished yet")

// crdResource is followed to notice new kinds of objects.
func crdResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
}

// followKinds forgets the known kinds whenever a custom resource definition changes.
func followKinds(informer cache.SharedIndexInformer, known *kinds) {
	forget := func(any) { known.forget() }
	// The handler can't be refused: the informer has not been stopped.
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: forget, UpdateFunc: func(_, _ any) { known.forget() }, DeleteFunc: forget,
	})
}
