package litmus

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// view is what is known of a running experiment.
type view struct {
	mu      sync.Mutex
	sources int // of which the first look has not come yet
	done    bool

	engine  *unstructured.Unstructured
	result  outcome
	pods    []*unstructured.Unstructured // the runner, the experiment and its helpers
	jobs    []*unstructured.Unstructured
	targets kube.Snapshot
}

// status is the state of the engine, "" until the operator has taken it up.
func (v *view) status() string {
	if v.engine == nil {
		return ""
	}
	return text(below(v.engine.Object, "status"), "engineStatus")
}

// over reports whether the operator has put the engine down.
func (v *view) over() bool { return slices.Contains([]string{"completed", "stopped"}, v.status()) }

// source is one of the watches that a view is fed by.
type source struct {
	ref  kube.Ref
	take func(kube.Snapshot)
}

func (f *fault) sources(v *view) []source {
	all := labels.Set{chaosUID: string(f.uid)}
	in := f.aim.namespace
	return []source{
		{kube.Ref{APIVersion: version, Kind: "ChaosEngine", Name: f.engine, Namespace: in}, func(shot kube.Snapshot) { v.engine = shot.Object }},
		{kube.Ref{APIVersion: version, Kind: "ChaosResult", Namespace: in}, func(shot kube.Snapshot) { v.result = f.own(shot.Objects) }},
		{kube.Ref{APIVersion: "v1", Kind: "pods", Namespace: in, Labels: all}, func(shot kube.Snapshot) { v.pods = shot.Objects }},
		{kube.Ref{APIVersion: "batch/v1", Kind: "jobs", Namespace: in, Labels: all}, func(shot kube.Snapshot) { v.jobs = shot.Objects }},
	}
}

// own returns the outcome of this engine among all results of the namespace.
func (f *fault) own(results []*unstructured.Unstructured) outcome {
	for _, result := range results {
		if text(below(result.Object, "spec"), "engine") == f.engine {
			return read(result)
		}
	}
	return outcome{}
}

// follow watches the experiment and its targets until judge is done or fails, or something goes wrong that waiting does
// not cure.
func (f *fault) follow(ctx context.Context, judge func(*view) (bool, error)) (*view, error) {
	v := &view{}
	group, together := errgroup.WithContext(ctx)
	together, cancel := context.WithCancel(together)
	defer cancel()
	watch := func(query kube.Query, take func(kube.Snapshot)) {
		v.sources++
		first := true
		group.Go(func() error {
			err := f.request.Place.Watch(together, query, func(shot kube.Snapshot) (bool, error) {
				v.mu.Lock()
				defer v.mu.Unlock()
				take(shot)
				if first {
					first, v.sources = false, v.sources-1
				}
				return f.judged(v, judge, cancel)
			})
			return v.ended(err)
		})
	}
	v.mu.Lock() // until all are counted
	for _, s := range f.sources(v) {
		query, err := f.request.Place.Query(ctx, s.ref)
		if err != nil {
			v.mu.Unlock()
			cancel()
			_ = group.Wait() // the error that matters is this one
			return v, err
		}
		watch(query, s.take)
	}
	watch(f.aim.query, func(shot kube.Snapshot) { v.targets = shot })
	v.mu.Unlock()
	group.Go(func() error { return v.ended(f.takenUp(together, v)) })
	return v, group.Wait()
}

// ended is the end of one watch: no error when another one has brought what was waited for.
func (v *view) ended(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done {
		return nil
	}
	return err
}

func (f *fault) judged(v *view, judge func(*view) (bool, error), cancel func()) (bool, error) {
	if v.sources > 0 || v.done {
		return v.done, nil
	}
	f.tell(v)
	done, err := judge(v)
	if err == nil && !done {
		err = f.trouble(v)
	}
	if done && err == nil {
		v.done = true
		cancel()
	}
	return done, err
}

// tell reports each new state once.
func (f *fault) tell(v *view) {
	said := "the ChaosEngine " + f.engine + " waits for the chaos operator"
	if status := v.status(); status != "" {
		said = fmt.Sprintf("the ChaosEngine %s is %s; %s", f.engine, status, v.result)
	}
	if said != f.said {
		f.said = said
		f.request.Run.Progress("%s", said)
	}
}

// takenUp ends with an error when no operator has taken the engine up in time.
func (f *fault) takenUp(ctx context.Context, v *view) error {
	if err := client.Wait(ctx, f.patience); err != nil {
		return nil // whoever ended the wait has the reason
	}
	v.mu.Lock()
	taken := v.status() != ""
	v.mu.Unlock()
	if taken {
		return nil
	}
	return f.explained(ctx, v, &step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("no chaos operator took the ChaosEngine %s up within %s%s; install LitmusChaos's operator, or see to it that it watches namespace %s", f.engine, f.patience, f.operators(ctx), f.aim.namespace)})
}

// operators says what is seen of chaos operators on the cluster.
func (f *fault) operators(ctx context.Context) string {
	query, err := f.request.Place.Query(ctx, kube.Ref{APIVersion: "v1", Kind: "pods", Labels: map[string]string{"name": "chaos-operator"}})
	if err != nil {
		return ""
	}
	query.Namespace = ""
	said := ""
	err = f.request.Place.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		said = ", and no pod with the label name=chaos-operator is in any namespace"
		if len(shot.Objects) > 0 {
			said = fmt.Sprintf(", although there is pod %s in namespace %s", shot.Objects[0].GetName(), shot.Objects[0].GetNamespace())
		}
		return true, nil
	})
	if err != nil {
		return ""
	}
	return said
}
