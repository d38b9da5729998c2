package remote

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// resolve returns the number of the pod's port that is meant.
func resolve(ctx context.Context, place *kube.Target, ref kube.Ref, port string, pod *unstructured.Unstructured) (int, error) {
	mapping, err := place.Resolve(ctx, ref)
	if err != nil {
		return 0, err
	}
	if mapping.Kind == "Service" && mapping.Group == "" {
		object, err := place.Get(ctx, ref)
		if err != nil {
			return 0, err
		}
		if port, err = servicePort(object, port); err != nil {
			return 0, err
		}
	}
	return containerPort(pod, port)
}

// servicePort returns the number or the name of the pods' port to which a port of a Service leads.
func servicePort(object *unstructured.Unstructured, port string) (string, error) {
	var service corev1.Service
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &service); err != nil {
		return "", fmt.Errorf("read Service %s: %w", object.GetName(), err)
	}
	var have []string
	for _, p := range service.Spec.Ports {
		number := strconv.Itoa(int(p.Port))
		if p.Name == port || number == port {
			if p.TargetPort == (intstr.IntOrString{}) {
				return number, nil
			}
			return p.TargetPort.String(), nil
		}
		have = append(have, strings.TrimSuffix(number+" "+p.Name, " "))
	}
	return "", fmt.Errorf("Service %s has no port %s; it has %s", object.GetName(), port, strings.Join(have, ", ")) //nolint:staticcheck // a kind
}

// containerPort returns a port by its number, or by its name in a container.
func containerPort(object *unstructured.Unstructured, port string) (int, error) {
	if number, err := strconv.Atoi(port); err == nil {
		return number, nil
	}
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
		return 0, fmt.Errorf("read pod %s: %w", object.GetName(), err)
	}
	var names []string
	for _, container := range pod.Spec.Containers {
		for _, p := range container.Ports {
			if p.Name == port {
				return int(p.ContainerPort), nil
			}
			if p.Name != "" {
				names = append(names, p.Name)
			}
		}
	}
	if len(names) == 0 {
		return 0, fmt.Errorf("pod %s names no ports; give the number of the port instead of %q", pod.Name, port)
	}
	return 0, fmt.Errorf("pod %s has no port called %q%s", pod.Name, port, diag.DidYouMean(port, names))
}
