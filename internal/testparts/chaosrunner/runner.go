package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
)

// every is the time between two looks at a job: accounts of experiments may get jobs but not watch them.
const every = time.Second

// runner carries out one engine.
type runner struct {
	cluster   dynamic.Interface
	namespace string
	name      string
	targets   string // as the operator words them
}

func (r runner) run(ctx context.Context) error {
	engine := &v1alpha1.ChaosEngine{}
	if err := r.get(ctx, litmus("chaosengines"), r.name, engine); err != nil {
		return err
	}
	for i := range engine.Spec.Experiments {
		if err := r.experiment(ctx, engine, i); err != nil {
			return fmt.Errorf("experiment %s of engine %s: %w", engine.Spec.Experiments[i].Name, r.name, err)
		}
	}
	return nil
}

// experiment starts the job of the experiment of that index and follows it to its end.
func (r runner) experiment(ctx context.Context, engine *v1alpha1.ChaosEngine, index int) error {
	name := engine.Spec.Experiments[index].Name
	template := &v1alpha1.ChaosExperiment{}
	if err := r.get(ctx, litmus("chaosexperiments"), name, template); err != nil {
		return err
	}
	status := v1alpha1.ExperimentStatuses{
		Name: name, Runner: r.name + "-runner", ExpPod: "Yet to be launched", Status: v1alpha1.ExperimentStatusWaiting, Verdict: "Waiting",
	}
	if err := r.report(ctx, index, status); err != nil {
		return err
	}
	job := newJob(engine, index, template, r.targets)
	if err := r.create(ctx, job); err != nil {
		return err
	}
	fmt.Println("started the job", job.Name)
	pod, err := r.follow(ctx, job.Name, func(pod string) error {
		status.ExpPod, status.Status, status.Verdict = pod, v1alpha1.ExperimentStatusRunning, "Awaited"
		return r.report(ctx, index, status)
	})
	if err != nil {
		return err
	}
	result := &v1alpha1.ChaosResult{}
	if err := r.get(ctx, litmus("chaosresults"), r.name+"-"+name, result); err != nil {
		return err
	}
	status.ExpPod, status.Status, status.Verdict = pod, v1alpha1.ExperimentStatusCompleted, string(result.Status.ExperimentStatus.Verdict)
	if err := r.report(ctx, index, status); err != nil {
		return err
	}
	fmt.Println("the verdict is", status.Verdict)
	if engine.Spec.JobCleanUpPolicy != v1alpha1.CleanUpPolicyDelete {
		return nil
	}
	background := metav1.DeletePropagationBackground
	return r.cluster.Resource(jobs()).Namespace(r.namespace).Delete(ctx, job.Name, metav1.DeleteOptions{PropagationPolicy: &background})
}

// follow waits until a job is over and returns the name of its pod, which it tells as soon as there is one.
func (r runner) follow(ctx context.Context, name string, tell func(pod string) error) (string, error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for pod := ""; ; {
		job := &batchv1.Job{}
		if err := r.get(ctx, jobs(), name, job); err != nil {
			return "", err
		}
		found, err := r.podOf(ctx, name)
		if err != nil {
			return "", err
		}
		if found != "" && found != pod {
			pod = found
			if err := tell(pod); err != nil {
				return "", err
			}
		}
		for _, condition := range job.Status.Conditions {
			over := condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed
			if over && condition.Status == corev1.ConditionTrue {
				return pod, nil
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

func (r runner) podOf(ctx context.Context, job string) (string, error) {
	pods, err := r.cluster.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(r.namespace).
		List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + job})
	if err != nil || len(pods.Items) == 0 {
		return "", err
	}
	return pods.Items[0].GetName(), nil
}

// report writes the state of one experiment into the engine.
func (r runner) report(ctx context.Context, index int, status v1alpha1.ExperimentStatuses) error {
	status.LastUpdateTime = metav1.Now()
	engine := &v1alpha1.ChaosEngine{}
	if err := r.get(ctx, litmus("chaosengines"), r.name, engine); err != nil {
		return err
	}
	all := engine.Status.Experiments
	for len(all) <= index {
		all = append(all, v1alpha1.ExperimentStatuses{LastUpdateTime: metav1.Now()})
	}
	all[index] = status
	body, err := json.Marshal(map[string]any{"status": map[string]any{"experiments": all}})
	if err != nil {
		return err
	}
	_, err = r.cluster.Resource(litmus("chaosengines")).Namespace(r.namespace).Patch(ctx, r.name, types.MergePatchType, body, metav1.PatchOptions{})
	return err
}

func (r runner) get(ctx context.Context, resource schema.GroupVersionResource, name string, into any) error {
	object, err := r.cluster.Resource(resource).Namespace(r.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}

func (r runner) create(ctx context.Context, job *batchv1.Job) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(job)
	if err != nil {
		return err
	}
	delete(content, "status")
	_, err = r.cluster.Resource(jobs()).Namespace(r.namespace).Create(ctx, &unstructured.Unstructured{Object: content}, metav1.CreateOptions{})
	return err
}

func litmus(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "litmuschaos.io", Version: "v1alpha1", Resource: resource}
}

func jobs() schema.GroupVersionResource { return batchv1.SchemeGroupVersion.WithResource("jobs") }
