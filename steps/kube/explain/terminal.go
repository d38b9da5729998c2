package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// Finding is a state that waiting does not cure.
type Finding struct {
	Reason ready.Reason // its name in `tolerate:`
	Object string       // "Pod web-5d-x7k"
	Text   string       // what is seen
}

// String is "Pod web-5d-x7k: container web waits: ImagePullBackOff: …".
func (f Finding) String() string { return f.Object + ": " + f.Text }

// Options say how a wait looks for states that waiting does not cure.
type Options struct {
	Tolerate []ready.Reason
	// Delay is how long an object may be unready before its pods are looked at; 2 s. What gets ready sooner costs nothing.
	Delay time.Duration
	// Grace is how long a pod may find no node, or a whole object may be stalled in a way that often passes; 15 s. While its volumes
	// are not there yet, a pod may wait four times as long: drivers of storage take their time.
	Grace time.Duration
}

// volumeGrace is by how much longer a pod may wait for volumes than for a node.
const volumeGrace = 4

// Terminal watches the named object and, once it has been unready for a while, its pods, until it finds a state that
// waiting does not cure. It returns nil when ctx is done first. Run it beside a wait and cancel it when that is over.
func Terminal(ctx context.Context, target *kube.Target, query kube.Query, options Options) (*Finding, error) {
	if options.Delay == 0 {
		options.Delay = 2 * time.Second
	}
	if options.Grace == 0 {
		options.Grace = 15 * time.Second
	}
	w := &watcher{target: target, query: query, options: options, news: make(chan func(), 16), unschedulable: map[types.UID]time.Time{}}
	return w.run(ctx)
}

// watcher gathers what several watches see. Everything below running is touched by run alone.
type watcher struct {
	target  *kube.Target
	query   kube.Query
	options Options
	news    chan func()
	running sync.WaitGroup

	object        *unstructured.Unstructured
	sets          []*unstructured.Unstructured // ReplicaSets of a Deployment
	pods          []*unstructured.Unstructured
	unschedulable map[types.UID]time.Time // since when
}

func (w *watcher) run(ctx context.Context) (*Finding, error) {
	watching, cancel := context.WithCancel(ctx)
	defer w.running.Wait()
	defer cancel()
	refused := make(chan error, 1)
	w.running.Go(func() {
		refused <- w.follow(watching, w.query, func(shot kube.Snapshot) { w.object = shot.Object })
	})
	delay := time.NewTimer(w.options.Delay)
	defer delay.Stop()
	grace := time.NewTimer(w.options.Grace)
	defer grace.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-refused:
			if ctx.Err() != nil {
				return nil, nil
			}
			return nil, err
		case take := <-w.news:
			take()
		case <-delay.C:
			if !w.deepen(watching) {
				delay.Reset(w.options.Delay)
			}
		case <-grace.C:
		}
		finding, next := w.judge(time.Now())
		if finding != nil {
			return finding, nil
		}
		if next > 0 {
			grace.Reset(next)
		}
	}
}

// follow hands each snapshot to run.
func (w *watcher) follow(ctx context.Context, query kube.Query, take func(kube.Snapshot)) error {
	return w.target.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		select {
		case w.news <- func() { take(shot) }:
		case <-ctx.Done():
		}
		return false, nil
	})
}

// deepen starts to watch the pods of the object if it is not ready and has any, and reports whether it did.
func (w *watcher) deepen(ctx context.Context) bool {
	if w.object == nil || ready.Of(w.object).Ready {
		return false
	}
	selector := podSelector(w.object)
	if selector == nil {
		return false
	}
	w.beside(ctx, podMapping, selector, func(shot kube.Snapshot) { w.pods = shot.Objects })
	if w.object.GetKind() == "Deployment" {
		w.beside(ctx, replicaSetMapping, selector, func(shot kube.Snapshot) { w.sets = shot.Objects })
	}
	return true
}

// beside watches what helps to explain the object. That we may not see it is no reason to end the wait.
func (w *watcher) beside(ctx context.Context, mapping kube.Mapping, selector labels.Selector, take func(kube.Snapshot)) {
	query := kube.Query{Mapping: mapping, Namespace: w.object.GetNamespace(), Labels: selector}
	w.running.Go(func() { _ = w.follow(ctx, query, take) })
}

var (
	podMapping        = kube.Mapping{Version: "v1", Kind: "Pod", Resource: "pods", Singular: "pod", Namespaced: true}
	replicaSetMapping = kube.Mapping{Group: "apps", Version: "v1", Kind: "ReplicaSet", Resource: "replicasets", Singular: "replicaset", Namespaced: true}
)

// podSelector returns the selector of a workload's pods, nil for other kinds.
func podSelector(object *unstructured.Unstructured) labels.Selector {
	if !slices.Contains([]string{"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"}, object.GetKind()) {
		return nil
	}
	content, found, _ := unstructured.NestedMap(object.Object, "spec", "selector")
	if !found {
		return nil
	}
	selector := &metav1.LabelSelector{}
	if err := unstructuredTo(content, selector); err != nil {
		return nil
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil
	}
	return parsed
}

// judge looks at everything that is known. next is when to look again though nothing changes, 0 for never.
func (w *watcher) judge(now time.Time) (finding *Finding, next time.Duration) {
	if w.object == nil {
		return nil, 0
	}
	suspects := []*unstructured.Unstructured{w.object}
	for _, pod := range w.pods {
		if current(w.object, w.sets, pod) {
			suspects = append(suspects, pod)
		}
	}
	for _, suspect := range suspects {
		judged, left := w.patiently(suspect, now)
		if found := w.blame(suspect, judged); found != nil {
			return found, 0
		}
		if left > 0 {
			next = minimum(next, left)
		}
	}
	return nil, next
}

// patiently judges an object and calls it failed for want of a node only after the grace. left is the rest of it.
func (w *watcher) patiently(object *unstructured.Unstructured, now time.Time) (judged ready.Status, left time.Duration) {
	judged = ready.Of(object)
	if judged.Reason != ready.Unschedulable {
		delete(w.unschedulable, object.GetUID())
		return judged, 0
	}
	since, known := w.unschedulable[object.GetUID()]
	if !known {
		since = now
		w.unschedulable[object.GetUID()] = now
	}
	grace := w.options.Grace
	if strings.Contains(judged.Message, "unbound immediate PersistentVolumeClaims") {
		grace *= volumeGrace
	}
	if left = grace - now.Sub(since); left > 0 {
		return judged, left
	}
	judged.Failed = true
	judged.Message = fmt.Sprintf("for %s: %s", now.Sub(since).Round(time.Second), judged.Message)
	return judged, 0
}

func minimum(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// blame turns a judgement into a finding unless it may pass or is tolerated. The failed pod of a workload is replaced by
// its controller, which reports by itself when it gives up.
func (w *watcher) blame(object *unstructured.Unstructured, judged ready.Status) *Finding {
	if !judged.Failed || slices.Contains(w.options.Tolerate, judged.Reason) {
		return nil
	}
	if judged.Reason == ready.PodFailed && object != w.object {
		return nil
	}
	return &Finding{Reason: judged.Reason, Object: object.GetKind() + " " + object.GetName(), Text: tidy(judged.Message)}
}
