package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
)

// The job must not be able to adopt helpers, which have all labels of its pod but job-name; and the engine wins.
func TestJobOfAnExperiment(t *testing.T) {
	item := v1alpha1.ExperimentList{Name: "pod-delete"}
	item.Spec.Components.ENV = []corev1.EnvVar{{Name: "FORCE", Value: "true"}}
	engine := &v1alpha1.ChaosEngine{
		ObjectMeta: metav1.ObjectMeta{Name: "e", Namespace: "shop", UID: "u"},
		Spec:       v1alpha1.ChaosEngineSpec{ChaosServiceAccount: "a", Experiments: []v1alpha1.ExperimentList{item}},
	}
	experiment := &v1alpha1.ChaosExperiment{}
	experiment.Spec.Definition.ENVList = []corev1.EnvVar{{Name: "FORCE", Value: "false"}, {Name: "SEQUENCE", Value: "serial"}}
	job := newJob(engine, 0, experiment, "deployment:shop:[web]")
	if job.Spec.ManualSelector == nil || !*job.Spec.ManualSelector {
		t.Error("the labels of the selector are Kubernetes's own")
	}
	if diff := cmp.Diff(map[string]string{"job-name": job.Name}, job.Spec.Selector.MatchLabels); diff != "" {
		t.Error(diff)
	}
	if labels := job.Spec.Template.Labels; labels["job-name"] != job.Name || labels["chaosUID"] != "u" {
		t.Errorf("the labels of the pod are %v", labels)
	}
	got := map[string]string{}
	for _, v := range job.Spec.Template.Spec.Containers[0].Env {
		got[v.Name] = v.Value
	}
	want := map[string]string{
		"CHAOSENGINE": "e", "CHAOS_NAMESPACE": "shop", "CHAOS_UID": "u", "EXPERIMENT_NAME": "pod-delete", "FORCE": "true", "POD_NAME": "",
		"SEQUENCE": "serial", "TARGETS": "deployment:shop:[web]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
