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

// newNodeLoop reports the pods of a lost node as not ready, and as ready again when the node comes back. In a real
// cluster the node lifecycle controller does the former when it finds a node lost, which here it is told, and the
// kubelet that returns does the latter.
func newNodeLoop(client kubernetes.Interface, factory informers.SharedInformerFactory) *loop {
	nodes := factory.Core().V1().Nodes()
	r := nodeLosses{client: client, lister: nodes.Lister()}
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

type nodeLosses struct {
	client kubernetes.Interface
	lister corelisters.NodeLister
}

func (r *nodeLosses) reconcile(ctx context.Context, name string) error {
	node, err := r.lister.Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the node: %w", err)
	}
	lost := simulation.NodeLost(node)
	if !lost && !simulation.NodeReady(node) {
		return nil
	}
	pods, err := r.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("spec.nodeName", name).String(),
		ResourceVersion: "0",
	})
	if err != nil {
		return fmt.Errorf("list the pods of the node: %w", err)
	}
	for i := range pods.Items {
		if err := r.report(ctx, &pods.Items[i], lost); err != nil {
			return err
		}
	}
	return nil
}

func (r *nodeLosses) report(ctx context.Context, pod *corev1.Pod, lost bool) error {
	if !simulation.ReportLoss(pod, lost, time.Now()) {
		return nil
	}
	_, err := r.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("report the readiness of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}
