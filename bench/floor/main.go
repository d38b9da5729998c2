// Command floor does the reference job of the benchmark with bare client-go and nothing else: it is what any runner is
// measured against. One watch on Deployments serves every wait, namespaces are deleted in the background, and the
// program ends when all of them are gone.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
)

// job is the state that all scenarios share.
type job struct {
	client *kubernetes.Clientset
	run    string

	mu        sync.Mutex
	available map[string]int32 // by namespace
	changed   map[string]chan struct{}
	gone      sync.WaitGroup
}

func main() {
	count := flag.Int("scenarios", 100, "scenarios")
	parallel := flag.Int("parallel", 8, "scenarios at once")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	config.QPS = -1
	j := &job{
		client: kubernetes.NewForConfigOrDie(config), run: fmt.Sprintf("floor%d", time.Now().UnixNano()%1e9),
		available: map[string]int32{}, changed: map[string]chan struct{}{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := time.Now()
	j.watchDeployments(ctx)
	j.watchNamespaces(ctx)
	slots := make(chan struct{}, *parallel)
	var work sync.WaitGroup
	for i := range *count {
		slots <- struct{}{}
		work.Go(func() {
			if err := j.scenario(ctx, fmt.Sprintf("%s-%d", j.run, i)); err != nil {
				log.Fatal(err)
			}
			<-slots
		})
	}
	work.Wait()
	done := time.Since(started)
	j.gone.Wait()
	fmt.Printf("%d scenarios, work done after %.2fs, all gone after %.2fs\n", *count, done.Seconds(), time.Since(started).Seconds())
}

func (j *job) scenario(ctx context.Context, ns string) error {
	labels := map[string]string{"floor": j.run}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns, Labels: labels}}
	if _, err := j.client.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{}); err != nil {
		return err
	}
	apply := metav1.PatchOptions{FieldManager: "floor", Force: ptr.To(true)}
	config := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"mode":"on"}}`
	if _, err := j.client.CoreV1().ConfigMaps(ns).Patch(ctx, "settings", types.ApplyPatchType, []byte(config), apply); err != nil {
		return err
	}
	deployment := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
	 "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":"example.com/app:1"}]}}}}`
	if _, err := j.client.AppsV1().Deployments(ns).Patch(ctx, "web", types.ApplyPatchType, []byte(deployment), apply); err != nil {
		return err
	}
	j.await(ns, 2)
	if _, err := j.client.AppsV1().Deployments(ns).Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	j.await(ns, 4)
	got, err := j.client.CoreV1().ConfigMaps(ns).Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if got.Data["mode"] != "on" {
		return fmt.Errorf("%s: mode is %q", ns, got.Data["mode"])
	}
	j.gone.Add(1)
	return j.client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)})
}

// await blocks until the Deployment of a namespace has that many available replicas.
func (j *job) await(ns string, replicas int32) {
	for {
		j.mu.Lock()
		if j.available[ns] == replicas {
			j.mu.Unlock()
			return
		}
		wake := make(chan struct{})
		j.changed[ns] = wake
		j.mu.Unlock()
		<-wake
	}
}

func (j *job) watchDeployments(ctx context.Context) {
	w, err := j.client.AppsV1().Deployments("").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for e := range w.ResultChan() {
			d, ok := e.Object.(*appsv1.Deployment)
			if !ok || d.Status.ObservedGeneration != d.Generation {
				continue
			}
			j.mu.Lock()
			j.available[d.Namespace] = d.Status.AvailableReplicas
			if wake := j.changed[d.Namespace]; wake != nil {
				close(wake)
				delete(j.changed, d.Namespace)
			}
			j.mu.Unlock()
		}
	}()
}

func (j *job) watchNamespaces(ctx context.Context) {
	w, err := j.client.CoreV1().Namespaces().Watch(ctx, metav1.ListOptions{LabelSelector: "floor=" + j.run})
	if err != nil && !apierrors.IsTimeout(err) {
		log.Fatal(err)
	}
	go func() {
		for e := range w.ResultChan() {
			if e.Type == watch.Deleted {
				j.gone.Done()
			}
		}
	}()
}
