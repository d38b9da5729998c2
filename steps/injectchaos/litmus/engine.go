package litmus

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
)

// chaosUID is the label that all pods, jobs and results of an engine carry.
const chaosUID = "chaosUID"

// newEngine returns the ChaosEngine for a fault.
func (f *fault) newEngine(account string) (*unstructured.Unstructured, error) {
	spec := v1alpha1.ChaosEngineSpec{
		ChaosServiceAccount: account, EngineState: v1alpha1.EngineStateActive, JobCleanUpPolicy: v1alpha1.CleanUpPolicyRetain,
	}
	if f.config.JobCleanUpPolicy != "" {
		spec.JobCleanUpPolicy = v1alpha1.CleanUpPolicy(f.config.JobCleanUpPolicy)
	}
	spec.Components.Runner.Image = f.config.RunnerImage
	f.aim.set(&spec, f.env, f.request, f.second)
	item := v1alpha1.ExperimentList{Name: name(f.request.Experiment)}
	item.Spec.Components.ENV = variables(f.env)
	for _, probe := range f.config.Probes {
		item.Spec.Probe = append(item.Spec.Probe, probe.attributes(f.aim.namespace))
	}
	spec.Experiments = []v1alpha1.ExperimentList{item}
	object, err := f.object(&v1alpha1.ChaosEngine{
		TypeMeta:   metav1.TypeMeta{APIVersion: version, Kind: "ChaosEngine"},
		ObjectMeta: metav1.ObjectMeta{Name: f.engine, Namespace: f.aim.namespace},
		Spec:       spec,
	})
	if err != nil || !f.second {
		return object, err
	}
	return object, asSecond(object)
}

// asSecond turns an engine into one of Litmus 2.
func asSecond(engine *unstructured.Unstructured) error {
	spec := below(engine.Object, "spec")
	spec["annotationCheck"] = "false"
	experiments, _ := spec["experiments"].([]any)
	for _, entry := range experiments {
		item, _ := entry.(map[string]any)
		probes, _ := below(item, "spec")["probe"].([]any)
		for _, entry := range probes {
			probe, _ := entry.(map[string]any)
			if err := inSeconds(below(probe, "runProperties")); err != nil {
				return fmt.Errorf("write an engine for Litmus 2: %w", err)
			}
		}
	}
	return nil
}
