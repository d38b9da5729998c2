package scale

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

type steps struct{ env *kube.Env }

// run reads the present number, sets the new one and waits.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	if out.From, err = replicas(ctx, place, c.Object); err != nil {
		return out, err
	}
	out.To = out.From
	object, err := place.Scale(ctx, c.Object, c.Replicas, kube.Change{Keep: c.Undo == "keep"})
	if err != nil {
		return out, err
	}
	out.To = c.Replicas
	run.Progress("%s from %d to %d", c.Object, out.From, out.To)
	if !c.WaitReady {
		return out, nil
	}
	return out, readiness.Wait(ctx, run, place, c.Tolerate, object)
}

// replicas reads how many replicas are asked for now.
func replicas(ctx context.Context, place *kube.Target, ref kube.Ref) (int, error) {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(query.Mapping.Subresources, "scale") {
		return 0, fmt.Errorf("%s can't be scaled: the kind has no scale subresource", query.Mapping.Kind)
	}
	response, err := place.Cluster.Do(ctx, client.Request{Method: http.MethodGet, Path: query.Mapping.Path(query.Namespace, query.Name, "scale")})
	if kube.IsNotFound(err) {
		return 0, step.Fail("%s does not exist in namespace %s", ref, query.Namespace)
	}
	if err != nil {
		return 0, err
	}
	var scale struct {
		Spec struct {
			Replicas int `json:"replicas"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(response.Body, &scale); err != nil {
		return 0, fmt.Errorf("read the scale of %s: %w", ref, err)
	}
	return scale.Spec.Replicas, nil
}
