package deletestep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

type steps struct{ env *kube.Env }

// removed is one object that was asked to go.
type removed struct {
	query kube.Query
	uid   types.UID
}

// run deletes everything in the order in which it is written and then waits for all of it.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out.Objects = []Object{}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	var gone []removed
	for _, ref := range c.Objects {
		queries, err := resolve(ctx, place, ref)
		if err != nil {
			return out, err
		}
		hits := 0
		for _, query := range queries {
			last, err := place.Delete(ctx, refOf(query), c.deletion())
			if err != nil {
				return out, err
			}
			if last == nil {
				continue
			}
			hits++
			if last.GetUID() != "" { // else it is known to be gone already
				gone = append(gone, removed{query, last.GetUID()})
			}
			out.Objects = append(out.Objects, Object{Kind: query.Mapping.Kind, Name: query.Name, Namespace: query.Namespace})
			out.Count = len(out.Objects)
		}
		if hits == 0 && !c.IgnoreMissing {
			return out, missing(ctx, place, ref)
		}
	}
	if c.Wait {
		err = wait(ctx, run, place, gone)
	}
	return out, err
}

// resolve returns a query for each object that a reference means.
func resolve(ctx context.Context, place *kube.Target, ref kube.Ref) ([]kube.Query, error) {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return nil, err
	}
	if ref.Name != "" {
		return []kube.Query{query}, nil
	}
	objects, err := place.List(ctx, ref)
	if err != nil {
		return nil, err
	}
	queries := make([]kube.Query, len(objects))
	for i, object := range objects {
		queries[i] = kube.Query{Mapping: query.Mapping, Namespace: object.GetNamespace(), Name: object.GetName()}
	}
	return queries, nil
}

func refOf(query kube.Query) kube.Ref {
	return kube.Ref{APIVersion: query.Mapping.APIVersion(), Kind: query.Mapping.Kind, Name: query.Name, Namespace: query.Namespace}
}

func (c Config) deletion() kube.Deletion {
	propagation := map[string]metav1.DeletionPropagation{
		"foreground": metav1.DeletePropagationForeground, "orphan": metav1.DeletePropagationOrphan,
	}
	return kube.Deletion{
		Change:      kube.Change{Keep: c.Undo == "keep"},
		Propagation: propagation[c.Propagation], GracePeriod: c.GracePeriod,
	}
}

// missing says that there was nothing to delete. A name that is not there is a false claim; a selector that matches
// nothing proves nothing.
func missing(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return err
	}
	where := ""
	if query.Namespace != "" {
		where = " in namespace " + query.Namespace
	}
	if ref.Name != "" {
		return step.Fail("%s does not exist%s; if that is fine, say ignoreMissing: true", ref, where)
	}
	return step.Inconclude("%s matches nothing%s, so nothing was deleted; if that is fine, say ignoreMissing: true", ref, where)
}

// wait returns when all objects are gone, or bear their names anew.
func wait(ctx context.Context, run *step.Run, place *kube.Target, objects []removed) error {
	errs := make([]error, len(objects))
	var group errgroup.Group
	for i, object := range objects {
		group.Go(func() error {
			errs[i] = place.Gone(ctx, object.query, object.uid)
			return nil
		})
	}
	run.Progress("waiting until %d objects are gone", len(objects))
	_ = group.Wait() // the errors are kept in order
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch {
	case len(errs) == 0:
		return nil
	case step.Interrupted(ctx):
		return ctx.Err()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		failure := step.Fail("timed out waiting until %d of %d objects are gone", len(errs), len(objects))
		for _, err := range errs {
			failure.Explain("still there", strings.TrimSuffix(err.Error(), fmt.Sprintf(": %s", context.Cause(ctx))))
		}
		return failure
	}
	return errs[0]
}
