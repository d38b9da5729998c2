package main

import (
	"maps"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
)

// newJob returns the job of one experiment: what its ChaosExperiment says, with the engine's environment on top.
func newJob(engine *v1alpha1.ChaosEngine, index int, experiment *v1alpha1.ChaosExperiment, targets string) *batchv1.Job {
	item := engine.Spec.Experiments[index]
	definition := experiment.Spec.Definition
	name := item.Name + "-" + rand.String(6)
	marks := map[string]string{
		"chaosUID": string(engine.UID), "name": item.Name, "app.kubernetes.io/part-of": "litmus",
		"app.kubernetes.io/component": "experiment-job", "app.kubernetes.io/runtime-api-usage": "true",
	}
	maps.Copy(marks, definition.Labels)
	// Experiments give their helper pods all labels of their own pod but job-name and controller-uid. With the labels that
	// Kubernetes 1.27 and newer put on pods of jobs, the job would adopt the helpers and delete them as pods too many.
	selector := map[string]string{"job-name": name}
	maps.Copy(marks, selector)
	none, manual := int32(0), true
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: engine.Namespace, Labels: marks},
		Spec: batchv1.JobSpec{BackoffLimit: &none, ManualSelector: &manual, Selector: &metav1.LabelSelector{MatchLabels: selector}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: marks},
			Spec: corev1.PodSpec{
				ServiceAccountName: engine.Spec.ChaosServiceAccount, RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{
					Name: name, Image: definition.Image, ImagePullPolicy: definition.ImagePullPolicy,
					Command: definition.Command, Args: definition.Args, Env: variables(engine, item, definition, targets),
				}},
			},
		}},
	}
}

// variables are the environment of an experiment; what comes later wins.
func variables(engine *v1alpha1.ChaosEngine, item v1alpha1.ExperimentList, definition v1alpha1.ExperimentDef, targets string) []corev1.EnvVar {
	all := map[string]corev1.EnvVar{
		"POD_NAME": {Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
	}
	for _, list := range [][]corev1.EnvVar{definition.ENVList, item.Spec.Components.ENV, {
		{Name: "CHAOSENGINE", Value: engine.Name},
		{Name: "CHAOS_NAMESPACE", Value: engine.Namespace},
		{Name: "CHAOS_UID", Value: string(engine.UID)},
		{Name: "EXPERIMENT_NAME", Value: item.Name},
		{Name: "TARGETS", Value: targets},
	}} {
		for _, v := range list {
			all[v.Name] = v
		}
	}
	out := make([]corev1.EnvVar, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}
