package observe

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// container is one life of one container: after a restart it is another one.
type container struct {
	uid, namespace, pod, name string
	restarts                  int64
}

// life is a container that has begun to run, so that it has a log.
type life struct {
	container
	running bool
}

// containersOf lists the containers of a pod that have a log.
func containersOf(pod *unstructured.Unstructured, only string) []life {
	var out []life
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", list)
		for _, raw := range statuses {
			status, _ := raw.(map[string]any)
			name, _ := status["name"].(string)
			state, _ := status["state"].(map[string]any)
			if only == "" && list == "initContainerStatuses" || only != "" && name != only || state["running"] == nil && state["terminated"] == nil {
				continue
			}
			restarts, _ := status["restartCount"].(int64)
			out = append(out, life{running: state["running"] != nil, container: container{
				uid: string(pod.GetUID()), namespace: pod.GetNamespace(), pod: pod.GetName(), name: name, restarts: restarts,
			}})
		}
	}
	return out
}
