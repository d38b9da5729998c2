package builtin

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// steeringPrefix is how the annotations begin by which a sandbox is told how its pods behave.
const steeringPrefix = "sandbox.scenario-runner.dev/"

// steer is what a sandbox is told of one pod, and what then has to be seen.
type steer struct {
	annotation, value string
	proof             func(kube.Snapshot) (bool, string)
	about             kube.Query // what is watched for the proof
}

// planHog hits simulated pods by their steering and real ones by processes of its own.
func (b builtin) planHog(ctx context.Context, request driver.Request) (driver.Fault, error) {
	pods, number, err := chosenPods(ctx, request)
	if err != nil {
		return nil, err
	}
	simulated, err := b.alike(ctx, request.Place, pods)
	if err != nil {
		return nil, err
	}
	if !simulated {
		return b.planLoad(ctx, request, pods, number)
	}
	switch request.Experiment.Name {
	case "pod-cpu-hog", "pod-memory-hog":
	default:
		return nil, &driver.Unable{Reason: fmt.Sprintf("%s runs on a simulated node, where pods have no disks; %s needs real ones", describe(pods[0]), request.Experiment.Name)}
	}
	return steerAll(ctx, request, pods, number, func(pod *unstructured.Unstructured, container string, query kube.Query) (steer, error) {
		if request.Experiment.Name == "pod-cpu-hog" {
			return steerProcessor(ctx, request, pod, container)
		}
		return steerMemory(ctx, request, pod, container, query)
	})
}

// steerAll makes the fault that steers each pod. Its removal lets the pods be as they were.
func steerAll(ctx context.Context, request driver.Request, pods []*unstructured.Unstructured, number int, how func(*unstructured.Unstructured, string, kube.Query) (steer, error)) (driver.Fault, error) {
	fault := &lasting{request: request, candidates: number}
	if len(pods) > 0 {
		request.Run.Progress("%s is simulated: the sandbox is told how its pods behave", request.Experiment.Name)
	}
	for _, pod := range pods {
		container, err := podContainer(pod, request.Parameters.Text("container"))
		if err != nil {
			return nil, err
		}
		query, err := queryOf(ctx, request.Place, pod)
		if err != nil {
			return nil, err
		}
		every := query
		every.EveryEvent = true
		s, err := how(pod, container, every)
		if err != nil {
			return nil, err
		}
		fault.hits = append(fault.hits, &hit{
			object: pod,
			edits: func(content map[string]any) ([]edit, error) {
				return []edit{prepare(content, s.value, "metadata", "annotations", steeringPrefix+s.annotation)}, nil
			},
			proof: sight{s.about, s.proof},
			gone:  sight{query, readyPod(pod)},
		})
	}
	return fault, nil
}

// steerMemory has a container use memory. Beyond its limit it is killed, which is what has to be seen; else its use is.
func steerMemory(ctx context.Context, request driver.Request, pod *unstructured.Unstructured, container string, query kube.Query) (steer, error) {
	amount := resource.MustParse(fmt.Sprintf("%dMi", request.Parameters.Whole("megabytes")))
	s := steer{annotation: "memory-usage", value: container + "=" + amount.String(), about: query}
	if limit, found := limitOf(pod, container, "memory"); found && amount.Cmp(limit) > 0 {
		s.proof = func(shot kube.Snapshot) (bool, string) {
			return diedOf(shot.Object, container, "OOMKilled"), fmt.Sprintf("container %s of %s was not killed for its memory yet", container, describe(pod))
		}
		return s, nil
	}
	return usage(ctx, request, s, pod, container, "memory", amount)
}

// steerProcessor has a container use processor time.
func steerProcessor(ctx context.Context, request driver.Request, pod *unstructured.Unstructured, container string) (steer, error) {
	amount := *resource.NewMilliQuantity(int64(request.Parameters.Whole("cores"))*int64(request.Parameters.Whole("load"))*10, resource.DecimalSI)
	return usage(ctx, request, steer{annotation: "cpu-usage", value: container + "=" + amount.String()}, pod, container, "cpu", amount)
}

// usage waits until the metrics of a pod show what a container uses.
func usage(ctx context.Context, request driver.Request, s steer, pod *unstructured.Unstructured, container, what string, amount resource.Quantity) (steer, error) {
	query, err := request.Place.Query(ctx, kube.Ref{APIVersion: "metrics.k8s.io/v1beta1", Kind: "PodMetrics", Namespace: pod.GetNamespace(), Name: pod.GetName()})
	if err != nil {
		return s, fmt.Errorf("%s is proved by the metrics of pods: %w", request.Experiment.Name, err)
	}
	s.about = query
	s.proof = func(shot kube.Snapshot) (bool, string) {
		used := usedBy(shot.Object, container, what)
		return used.Cmp(amount) >= 0, fmt.Sprintf("container %s of %s uses %s of %s, not %s", container, describe(pod), used.String(), what, amount.String())
	}
	return s, nil
}

// usedBy reads what a container uses from the metrics of its pod.
func usedBy(metrics *unstructured.Unstructured, container, what string) resource.Quantity {
	if metrics == nil {
		return resource.Quantity{}
	}
	containers, _, _ := unstructured.NestedSlice(metrics.Object, "containers")
	for _, entry := range containers {
		c, _ := entry.(map[string]any)
		if text, _, _ := unstructured.NestedString(c, "usage", what); c["name"] == container && text != "" {
			if used, err := resource.ParseQuantity(text); err == nil {
				return used
			}
		}
	}
	return resource.Quantity{}
}

// limitOf reads a limit of a container.
func limitOf(pod *unstructured.Unstructured, container, what string) (resource.Quantity, bool) {
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	for _, entry := range containers {
		c, _ := entry.(map[string]any)
		if text, _, _ := unstructured.NestedString(c, "resources", "limits", what); c["name"] == container && text != "" {
			limit, err := resource.ParseQuantity(text)
			return limit, err == nil
		}
	}
	return resource.Quantity{}, false
}
