package ready_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(manifest))
	if err == nil {
		err = utiljson.Unmarshal(content, &o.Object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOf(t *testing.T) {
	cases := map[string]struct {
		manifest string
		want     ready.Status
	}{
		"config map": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`,
			ready.Status{Ready: true, Message: "Resource is always ready"},
		},
		"node whose kubelet is gone": {
			`{apiVersion: v1, kind: Node, metadata: {name: a}, status: {conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, message: kubelet stopped}]}}`,
			ready.Status{Message: "Ready is Unknown: NodeStatusUnknown: kubelet stopped"},
		},
		"node that just was made": {
			`{apiVersion: v1, kind: Node, metadata: {name: a}}`,
			ready.Status{Message: "no kubelet has reported yet"},
		},
		"node that is ready": {
			`{apiVersion: v1, kind: Node, metadata: {name: a}, status: {conditions: [{type: Ready, status: "True", reason: KubeletReady}]}}`,
			ready.Status{Ready: true, Message: "KubeletReady"},
		},
		"custom resource that says it is not ready": {
			`{apiVersion: x.io/v1, kind: Widget, metadata: {name: a}, status: {conditions: [{type: Ready, status: "False", message: later}]}}`,
			ready.Status{Message: "later"},
		},
		"custom resource that gave up": {
			`{apiVersion: x.io/v1, kind: Widget, metadata: {name: a}, status: {conditions: [{type: Stalled, status: "True", message: no licence}]}}`,
			ready.Status{Failed: true, Reason: ready.Stalled, Message: "no licence"},
		},
		"deployment that nobody has looked at": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 0}}`,
			ready.Status{Message: "the controller has not seen the latest change yet"},
		},
		"deployment on its way": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 2}, spec: {replicas: 3},
			  status: {observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 1, availableReplicas: 1}}`,
			ready.Status{Message: "Available: 1/3"},
		},
		"deployment against a quota": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 3}, status: {observedGeneration: 1, conditions: [
			  {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "a-1" is forbidden: exceeded quota: few'}]}}`,
			ready.Status{Failed: true, Reason: ready.Quota, Message: `FailedCreate: pods "a-1" is forbidden: exceeded quota: few`},
		},
		"deployment whose pods a webhook refuses": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 3}, status: {observedGeneration: 1, conditions: [
			  {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'webhook is down'}]}}`,
			ready.Status{Message: `FailedCreate: webhook is down`},
		},
		"deployment past its deadline": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1}, status: {observedGeneration: 1, conditions: [
			  {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: 'ReplicaSet "a-1" has timed out progressing.'}]}}`,
			ready.Status{Failed: true, Reason: ready.ProgressDeadline, Message: `ReplicaSet "a-1" has timed out progressing.`},
		},
		"job that runs is not ready": {
			`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {startTime: "2026-01-01T00:00:00Z", active: 2, succeeded: 1}}`,
			ready.Status{Message: "succeeded 1, active 2, failed 0"},
		},
		"job that failed": {
			`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}]}}`,
			ready.Status{Failed: true, Reason: ready.JobFailed, Message: "BackoffLimitExceeded: Job has reached the specified backoff limit"},
		},
		"job that is done": {
			`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [{type: Complete, status: "True"}]}}`,
			ready.Status{Ready: true, Message: "completed"},
		},
		"pod that failed": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Failed, containerStatuses: [{name: c, state: {terminated: {reason: Error, exitCode: 3}}}]}}`,
			ready.Status{Failed: true, Reason: ready.PodFailed, Message: "container c ended with Error, exit code 3"},
		},
		"pod without its image": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "x"'}}}]}}`,
			ready.Status{Failed: true, Reason: ready.ImagePull, Message: `container c waits: ImagePullBackOff: Back-off pulling image "x"`},
		},
		"pod without its secret": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: CreateContainerConfigError, message: 'secret "x" not found'}}}]}}`,
			ready.Status{Failed: true, Reason: ready.ContainerConfig, Message: `container c waits: CreateContainerConfigError: secret "x" not found`},
		},
		"pod that crash-loops may recover": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Running, containerStatuses: [{name: c, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]}}`,
			ready.Status{Reason: ready.CrashLoop, Message: "container c waits: CrashLoopBackOff; it ended before with OOMKilled, exit code 137; 4 restarts"},
		},
		"pod without a node": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: 0/5 nodes are available}]}}`,
			ready.Status{Reason: ready.Unschedulable, Message: "Unschedulable: 0/5 nodes are available"},
		},
		"pod that is going": {
			`{apiVersion: v1, kind: Pod, metadata: {name: a, deletionTimestamp: "2026-01-01T00:00:00Z"}, status: {phase: Running, conditions: [{type: Ready, status: "True"}]}}`,
			ready.Status{Message: "it is being deleted"},
		},
		"claim that is not bound": {
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, status: {phase: Pending}}`,
			ready.Status{Message: "PVC is not Bound. phase: Pending"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ready.Of(object(t, c.manifest))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff(ready.Status{Message: "it does not exist"}, ready.Of(nil)); diff != "" {
		t.Error(diff)
	}
}
