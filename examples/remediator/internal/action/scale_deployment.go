package action

import (
	"context"
	"fmt"
	"math"
)

// ScaleDeployment changes the number of replicas: to a number, by a number, or by a factor.
type ScaleDeployment struct {
	Replicas *int32   `yaml:"replicas"`
	Delta    *int32   `yaml:"delta"`
	Factor   *float64 `yaml:"factor"`
	Minimum  *int32   `yaml:"minimum"`
	Maximum  *int32   `yaml:"maximum"`
}

// Validate demands exactly one way to say how many.
func (s *ScaleDeployment) Validate() error {
	ways := 0
	for _, given := range []bool{s.Replicas != nil, s.Delta != nil, s.Factor != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("found %d of the parameters replicas, delta and factor, expected exactly one", ways)
	case s.Replicas != nil && *s.Replicas < 0:
		return &ParameterError{"replicas", fmt.Sprintf("must be 0 or more, found %d", *s.Replicas)}
	case s.Delta != nil && *s.Delta == 0:
		return &ParameterError{"delta", "must not be 0, which changes nothing"}
	case s.Factor != nil && (*s.Factor <= 0 || *s.Factor == 1 || math.IsInf(*s.Factor, 0) || math.IsNaN(*s.Factor)):
		return &ParameterError{"factor", fmt.Sprintf("must be above 0 and not 1, found %v", *s.Factor)}
	case s.Minimum != nil && *s.Minimum < 0:
		return &ParameterError{"minimum", fmt.Sprintf("must be 0 or more, found %d", *s.Minimum)}
	case s.Maximum != nil && s.Minimum != nil && *s.Maximum < *s.Minimum:
		return &ParameterError{"maximum", fmt.Sprintf("must not be below the minimum %d, found %d", *s.Minimum, *s.Maximum)}
	case s.Maximum != nil && *s.Maximum < 0:
		return &ParameterError{"maximum", fmt.Sprintf("must be 0 or more, found %d", *s.Maximum)}
	}
	return nil
}

// Apply writes the scale subresource, so that a role for scaling alone is enough.
func (s *ScaleDeployment) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.AppsV1().Deployments(target.Namespace)
	before, after, err := rescale(ctx, cluster, client, target, s.wanted)
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"replicas": before},
		After:  State{"replicas": after},
		Verify: rolledOut(cluster, target, 0),
		Undo: func(ctx context.Context) error {
			_, _, err := rescale(ctx, cluster, client, target, func(int32) (int32, error) { return before, nil })
			return err
		},
	}, nil
}

// wanted computes the new number within the bounds. To be held back by a bound is an
// error, because then the alert can't be answered by scaling.
func (s *ScaleDeployment) wanted(current int32) (int32, error) {
	if s.Replicas != nil {
		return s.bounded(float64(*s.Replicas)), nil
	}
	exact := float64(current)
	if s.Delta != nil {
		exact += float64(*s.Delta)
	} else {
		exact = s.multiplied(exact)
	}
	wanted := s.bounded(exact)
	if wanted == current || (wanted > current) != (exact > float64(current)) {
		return 0, fmt.Errorf("%d replicas are at the bound already, scaling would lead to %d", current, wanted)
	}
	return wanted, nil
}

// multiplied rounds away from the current number, so that a factor always has an effect.
func (s *ScaleDeployment) multiplied(current float64) float64 {
	if *s.Factor > 1 {
		return math.Ceil(current * *s.Factor)
	}
	return math.Floor(current * *s.Factor)
}

// bounded keeps a number between minimum and maximum and within what the API can hold.
func (s *ScaleDeployment) bounded(value float64) int32 {
	low, high := 0.0, float64(math.MaxInt32)
	if s.Minimum != nil {
		low = float64(*s.Minimum)
	}
	if s.Maximum != nil {
		high = float64(*s.Maximum)
	}
	return int32(min(max(value, low), high))
}
