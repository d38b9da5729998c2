package action_test

import (
	"math"
	"testing"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
)

func TestParametersThatMakeNoSense(t *testing.T) {
	for want, act := range map[string]action.Action{
		"parameter replicas must be 0 or more, found -1":             &action.ScaleDeployment{Replicas: pointer[int32](-1)},
		"parameter delta must not be 0, which changes nothing":       &action.ScaleDeployment{Delta: pointer[int32](0)},
		"parameter factor must be above 0 and not 1, found 1":        &action.ScaleDeployment{Factor: pointer(1.0)},
		"parameter factor must be above 0 and not 1, found +Inf":     &action.ScaleDeployment{Factor: pointer(math.Inf(1))},
		"parameter minimum must be 0 or more, found -2":              &action.ScaleDeployment{Factor: pointer(2.0), Minimum: pointer[int32](-2)},
		"parameter maximum must be 0 or more, found -3":              &action.ScaleDeployment{Factor: pointer(2.0), Maximum: pointer[int32](-3)},
		"parameter maximum must not be below the minimum 5, found 4": &action.ScaleDeployment{Delta: pointer[int32](1), Minimum: pointer[int32](5), Maximum: pointer[int32](4)},
		"parameter memoryFactor must be above 1, found NaN":          &action.IncreaseResources{MemoryFactor: pointer(math.NaN())},
		"parameter cpuFactor must be above 1, found 1":               &action.IncreaseResources{CPUFactor: pointer(1.0)},
		"parameter maxMemory has no effect without memoryFactor":     &action.IncreaseResources{CPUFactor: pointer(2.0), MaxMemory: &action.Quantity{}},
		"parameter maxCPU has no effect without cpuFactor":           &action.IncreaseResources{MemoryFactor: pointer(2.0), MaxCPU: &action.Quantity{}},
		"parameter gracePeriodSeconds must be 0 or more, found -1":   &action.RestartPod{GracePeriodSeconds: pointer[int64](-1)},
		"parameter maximum must be 1 or more, found 0":               &action.RestartPod{Maximum: pointer(0)},
		"parameter maximumCordoned must be 1 or more, found 0":       &action.CordonNode{MaximumCordoned: pointer(0)},
	} {
		if err := act.Validate(); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
