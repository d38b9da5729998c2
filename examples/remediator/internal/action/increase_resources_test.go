package action_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// increase makes an action of its parameters as a rule file has them.
func increase(t *testing.T, parameters string) *action.IncreaseResources {
	t.Helper()
	var made action.IncreaseResources
	if err := yaml.Unmarshal([]byte(parameters), &made); err != nil {
		t.Fatal(err)
	}
	if err := made.Validate(); err != nil {
		t.Fatal(err)
	}
	return &made
}

func TestIncreaseResources(t *testing.T) {
	for name, test := range map[string]struct {
		parameters string
		want       action.State
	}{
		"memory": {
			"{memoryFactor: 2, maxMemory: 2Gi}",
			action.State{"container": "web", "memoryLimit": "512Mi", "memoryRequest": "256Mi", "cpuLimit": "500m"},
		},
		"up to the maximum": {
			"{memoryFactor: 2, maxMemory: 300Mi}",
			action.State{"container": "web", "memoryLimit": "300Mi", "memoryRequest": "256Mi", "cpuLimit": "500m"},
		},
		"whole mebibytes": {
			"{container: web, memoryFactor: 1.3}",
			action.State{"container": "web", "memoryLimit": "333Mi", "memoryRequest": "167Mi", "cpuLimit": "500m"},
		},
		"never less": {
			"{memoryFactor: 2, maxMemory: 1Mi, cpuFactor: 1.5, maxCPU: 2}",
			action.State{"container": "web", "memoryLimit": "256Mi", "memoryRequest": "128Mi", "cpuLimit": "750m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := clustertest.Open(t, kubeconfig)
			cluster.Deploy(t, 1)
			change := carryOut(t, cluster, increase(t, test.parameters), web(cluster))
			want := action.Change{
				Before: action.State{"container": "web", "memoryLimit": "256Mi", "memoryRequest": "128Mi", "cpuLimit": "500m"},
				After:  test.want,
			}
			change.Verify, change.Undo = nil, nil
			if diff := cmp.Diff(want, change); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			now := cluster.Deployment(t)
			containers := now.Spec.Template.Spec.Containers
			if got := containers[0].Resources.Limits.Memory().String(); got != test.want["memoryLimit"] {
				t.Errorf("the limit in the cluster is %s, want %s", got, test.want["memoryLimit"])
			}
			if len(containers) != 2 || containers[1].Name != "sidecar" || now.Status.UpdatedReplicas != 1 {
				t.Errorf("after the verification containers are %v and status %+v", containers, now.Status)
			}
		})
	}
}

func TestIncreaseResourcesRetriesOnConflict(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	if _, err := increase(t, "{memoryFactor: 2}").Apply(t.Context(), disturbed(t, cluster, http.MethodPatch, 2), web(cluster)); err != nil {
		t.Fatal(err)
	}
	now := cluster.Deployment(t)
	limit := now.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().String()
	if limit != "512Mi" || *now.Spec.ProgressDeadlineSeconds != 602 {
		t.Errorf("limit %s and deadline %d, want 512Mi and that of the last of two writers", limit, *now.Spec.ProgressDeadlineSeconds)
	}
}

func TestIncreaseResourcesRefusals(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	target := web(cluster)
	for parameters, want := range map[string]string{
		"{memoryFactor: 2, maxMemory: 100Mi}":                          `container "web" is at the maximum already: memory 100Mi`,
		"{memoryFactor: 2, maxMemory: 1Mi, cpuFactor: 2, maxCPU: 0.1}": `container "web" is at the maximum already: memory 1Mi, cpu 100m`,
		"{memoryFactor: 2, container: sidecar}":                        `container "sidecar" has no memory limit or request to increase`,
		"{memoryFactor: 2, container: absent}":                         `there is no container "absent"`,
	} {
		refused(t, cluster, increase(t, parameters), target, target.String()+": "+want)
	}
}
