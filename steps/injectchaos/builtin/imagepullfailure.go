package builtin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planImagePullFailure hits workloads whose controller replaces the pods when the image changes.
func planImagePullFailure(ctx context.Context, request driver.Request) (driver.Fault, error) {
	mapping, err := request.Place.Resolve(ctx, request.Selection.Reference)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, mapping.Kind) {
		return nil, fmt.Errorf("image-pull-failure hits a Deployment, StatefulSet or DaemonSet, not a %s", mapping.Kind)
	}
	workloads, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	return hitChosen(ctx, request, workloads, imageHit)
}

func imageHit(ctx context.Context, request driver.Request, workload *unstructured.Unstructured) (*hit, error) {
	container, image, err := containerOf(workload, request.Parameters.Text("container"))
	if err != nil {
		return nil, err
	}
	missing := withTag(image, request.Parameters.Text("tag"))
	if missing == image {
		return nil, fmt.Errorf("container %q of %s has the image %q already; give another tag", container, describe(workload), image)
	}
	pods, err := podsOf(ctx, request.Place, workload)
	if err != nil {
		return nil, err
	}
	pods.EveryEvent = true
	self, err := queryOf(ctx, request.Place, workload)
	if err != nil {
		return nil, err
	}
	h := &hit{
		object: workload,
		edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, missing, "spec", "template", "spec", "containers", byName(container), "image")}, nil
		},
		proof: sight{pods, pullFails(workload, missing)},
		gone:  sight{self, readyAgain(workload)},
	}
	if workload.GetKind() == "StatefulSet" {
		h.stuck = missing
	}
	return h, nil
}

// containerOf returns the name and image of a container of a workload, the first one if no name is given.
func containerOf(workload *unstructured.Unstructured, wanted string) (name, image string, err error) {
	containers, _, _ := unstructured.NestedSlice(workload.Object, "spec", "template", "spec", "containers")
	var names []string
	for _, entry := range containers {
		c, _ := entry.(map[string]any)
		name, image := fmt.Sprint(c["name"]), fmt.Sprint(c["image"])
		if wanted == "" || wanted == name {
			return name, image, nil
		}
		names = append(names, name)
	}
	return "", "", fmt.Errorf("%s has no container %q%s", describe(workload), wanted, diag.DidYouMean(wanted, names))
}

// withTag returns the image with another tag. A digest is dropped: it would win over the tag.
func withTag(image, tag string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		image = image[:colon]
	}
	return image + ":" + tag
}

// pullFails looks for a pod that waits because the image can't be pulled.
func pullFails(workload *unstructured.Unstructured, image string) func(kube.Snapshot) (bool, string) {
	return func(shot kube.Snapshot) (bool, string) {
		last := fmt.Sprintf("no pod of %s with the image %s yet", describe(workload), image)
		for _, pod := range shot.Objects {
			if !slices.Contains(images(pod), image) {
				continue
			}
			reason := waitingFor(pod, image)
			if slices.Contains([]string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName"}, reason) {
				return true, ""
			}
			last = fmt.Sprintf("Pod/%s with the image %s does not wait for it (%s)", pod.GetName(), image, reason)
		}
		return false, last
	}
}

// waitingFor returns why the container with an image waits, or what else the pod is.
func waitingFor(pod *unstructured.Unstructured, image string) string {
	statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, entry := range statuses {
		status, _ := entry.(map[string]any)
		if reason, found, _ := unstructured.NestedString(status, "state", "waiting", "reason"); found && status["image"] == image {
			return reason
		}
	}
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	return phase
}
