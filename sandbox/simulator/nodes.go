package simulator

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// newNodeLoop reports the pods of a node ready again when the node comes back. While a node isn't ready, the node
// lifecycle controller reports its pods as not ready; the kubelet that returns corrects that.
func newNodeLoop(client kubernetes.Interface, factory informers.SharedInformerFactory) *loop {
	nodes := factory.Core().V1().Nodes()
	r := nodeReturns{client: client, lister: nodes.Lister()}
	l := newLoop("nodes", 2, r.reconcile)
	l.follow(nodes.Informer(), func(object any) []string {
		node, ok := object.(*corev1.Node)
		if !ok || node.Annotations[simulation.NodeAnnotation] != simulation.NodeAnnotationValue {
			return nil
		}
		return []string{node.Name}
	})
	return l
}

type nodeReturns struct {
	client kubernetes.Interface
	lister corelisters.NodeLister
}

func (r *nodeReturns) reconcile(ctx context.Context, name string) (time.Duration, error) {
	node, err := r.lister.Get(name)
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look up the node: %w", err)
	}
	if !simulation.NodeReady(node) {
		return 0, nil
	}
	pods, err := r.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("spec.nodeName", name).String(),
		ResourceVersion: "0",
	})
	if err != nil {
		return 0, fmt.Errorf("list the pods of the node: %w", err)
	}
	for i := range pods.Items {
		if err := r.correct(ctx, &pods.Items[i]); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (r *nodeReturns) correct(ctx context.Context, pod *corev1.Pod) error {
	if !simulation.CorrectReadiness(pod, time.Now()) {
		return nil
	}
	_, err := r.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("report pod %s/%s ready again: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}
