package deploy

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

// together is how many objects of a rank are applied at the same time.
const together = 16

type steps struct {
	env   *kube.Env
	cache *manifest.Cache
}

// run reads the manifests, applies rank after rank and waits.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out.Objects, out.Refusals = []Object{}, []string{}
	objects, err := read(c, run)
	if err != nil {
		return out, err
	}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	d := deployment{Config: c, run: run, place: place}
	if c.Refused != "" {
		return out, d.refusals(ctx, objects, &out)
	}
	err = d.apply(ctx, objects, &out)
	if err != nil || !c.WaitReady {
		return out, err
	}
	if err := readiness.Wait(ctx, run, place, c.Tolerate, d.applied...); err != nil {
		return out, err
	}
	out.Ready = true
	return out, nil
}

// deployment is one use of the step.
type deployment struct {
	Config
	run     *step.Run
	place   *kube.Target
	applied []*unstructured.Unstructured // in the order of the outputs
}

// apply applies all objects, rank after rank. What was applied is in the outputs also when a later object fails.
func (d *deployment) apply(ctx context.Context, objects []manifest.Object, out *Outputs) error {
	groups := inOrder(objects)
	for i, group := range groups {
		results, err := d.applyGroup(ctx, group)
		for _, object := range results {
			if object == nil {
				continue
			}
			d.applied = append(d.applied, object)
			out.Objects = append(out.Objects, Object{Kind: object.GetKind(), Name: object.GetName(), Namespace: object.GetNamespace()})
			out.Object = object.Object
		}
		out.Count = len(out.Objects)
		if err != nil {
			return err
		}
		d.run.Progress("%d of %d objects applied", out.Count, len(objects))
		if i < len(groups)-1 {
			if err := d.served(ctx, results); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyGroup applies the objects of one rank at the same time. The results stand where the objects stand, nil for one
// that failed; the error is that of the first one.
func (d *deployment) applyGroup(ctx context.Context, group []manifest.Object) ([]*unstructured.Unstructured, error) {
	results := make([]*unstructured.Unstructured, len(group))
	errs := make([]error, len(group))
	var workers errgroup.Group
	workers.SetLimit(together)
	for i, object := range group {
		workers.Go(func() error {
			d.mark(object.Unstructured)
			applied, err := d.place.Apply(ctx, object.Unstructured, kube.Change{Keep: d.Undo == "keep"})
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", object.Place, err)
				return nil
			}
			results[i] = applied.Object
			return nil
		})
	}
	_ = workers.Wait() // the errors are kept in order
	for _, err := range errs {
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// mark adds the labels and annotations of the step.
func (d *deployment) mark(object *unstructured.Unstructured) {
	for _, addition := range []struct {
		entries map[string]string
		field   string
	}{{d.Labels, "labels"}, {d.Annotations, "annotations"}} {
		for name, value := range addition.entries { // the order does not show
			_ = unstructured.SetNestedField(object.Object, value, "metadata", addition.field, name) // metadata is a mapping
		}
	}
}

// served waits until the server serves the kinds of new definitions, because the next objects may be of these kinds.
func (d *deployment) served(ctx context.Context, objects []*unstructured.Unstructured) error {
	var definitions []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "CustomResourceDefinition" {
			definitions = append(definitions, object)
		}
	}
	return readiness.Wait(ctx, d.run, d.place, nil, definitions...)
}
