package observe

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

const (
	// explained is how many objects of a list are explained; the others look the same.
	explained = 2
	// doomed is how long an object of a list must be beyond hope: its controller may replace it.
	doomed = 2 * time.Second
)

// Ready reports whether there are objects and all of them are ready by the rule of their kind; if not, it says what the
// first one lacks.
func Ready(objects []*unstructured.Unstructured) (bool, string) {
	for _, o := range objects {
		if ready, why := readiness(o); !ready {
			return false, o.GetName() + ": " + why
		}
	}
	return len(objects) > 0, ""
}

func readiness(o *unstructured.Unstructured) (bool, string) {
	judged := ready.Of(o)
	return judged.Ready, judged.Message
}

// state says in a few words how an object stands.
func state(o *unstructured.Unstructured) string {
	judged := ready.Of(o)
	switch {
	case judged.Ready && judged.Message == "Resource is always ready": // of kinds that have no state
		return "exists"
	case judged.Ready && judged.Message == "Resource is current": // of kinds about which nothing more is known
		return "ready"
	case judged.Message != "":
		return judged.Message
	case judged.Ready:
		return "ready"
	}
	return "not ready"
}

// Explain collects evidence about a look.
func (f *objectFeed) Explain(ctx context.Context, l Look) []step.Section {
	if len(l.Objects) == 0 {
		return explain.Missing(ctx, f.target, f.ref)
	}
	return explain.Object(ctx, f.target, l.Objects[0])
}

// Hopeless watches what the object needs to become ready.
func (f *objectFeed) Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error) {
	return explain.Terminal(ctx, f.target, f.query, explain.Options{Tolerate: tolerate})
}

// Explain explains the first objects that are not ready; a list in which all are ready shows what there is.
func (f *objectsFeed) Explain(ctx context.Context, l Look) []step.Section {
	var sections []step.Section
	shown := 0
	for _, o := range l.Objects {
		if isReady, _ := readiness(o); !isReady && shown < explained && ctx.Err() == nil {
			shown++
			sections = append(sections, explain.Object(ctx, f.target, o)...)
		}
	}
	switch {
	case len(sections) > 0:
		return sections
	case len(l.Objects) > 0:
		return []step.Section{{Title: l.String(), Lines: explain.Names(l.Objects)}}
	}
	return explain.Missing(ctx, f.target, f.ref)
}

// Hopeless watches for an object that stays in a state which waiting does not cure.
func (f *objectsFeed) Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error) {
	watched, stop := context.WithCancel(ctx)
	defer stop()
	since := map[types.UID]time.Time{}
	news := make(chan []*unstructured.Unstructured)
	ended := make(chan error, 1)
	go func() {
		ended <- f.target.Watch(watched, f.query, func(shot kube.Snapshot) (bool, error) {
			select {
			case news <- shot.Objects:
			case <-watched.Done():
			}
			return false, nil
		})
	}()
	defer func() { stop(); <-ended }()
	timer := time.NewTimer(doomed)
	defer timer.Stop()
	var now []*unstructured.Unstructured
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-ended:
			ended <- nil
			return nil, err
		case now = <-news:
		case <-timer.C:
		}
		if finding := blame(now, since, tolerate); finding != nil {
			return finding, nil
		}
		if len(since) > 0 {
			timer.Reset(doomed)
		}
	}
}

// blame returns an object that has been beyond hope for long enough, and keeps since when each one is.
func blame(objects []*unstructured.Unstructured, since map[types.UID]time.Time, tolerate []ready.Reason) *explain.Finding {
	still := map[types.UID]bool{}
	for _, o := range objects {
		judged := ready.Of(o)
		if !judged.Failed || slices.Contains(tolerate, judged.Reason) {
			continue
		}
		still[o.GetUID()] = true
		if since[o.GetUID()].IsZero() {
			since[o.GetUID()] = time.Now()
		}
		if time.Since(since[o.GetUID()]) >= doomed {
			return &explain.Finding{Reason: judged.Reason, Object: o.GetKind() + " " + o.GetName(), Text: judged.Message}
		}
	}
	for uid := range since {
		if !still[uid] {
			delete(since, uid)
		}
	}
	return nil
}
