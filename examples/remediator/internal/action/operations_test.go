package action_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// quantity reads a quantity that a test writes down.
func quantity(text string) *action.Quantity {
	return &action.Quantity{Quantity: resource.MustParse(text)}
}

// at returns a target in the namespace of the test.
func at(cluster *clustertest.Cluster, kind, name string) action.Target {
	return action.Target{Kind: kind, Namespace: cluster.Namespace, Name: name}
}

// undo takes a change back.
func undo(t *testing.T, change action.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := change.Undo(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestTheCatalogueHasEveryOperationInOrder(t *testing.T) {
	var names []string
	for _, kind := range action.Catalogue() {
		names = append(names, kind.Name)
		if !slices.Contains(action.Risks(), kind.Risk) || kind.New() == nil || kind.Target == "" {
			t.Errorf("%s is described as %+v", kind.Name, kind)
		}
	}
	if len(names) != 27 || !slices.IsSorted(names) {
		t.Errorf("found %d operations, want 27 in order: %v", len(names), names)
	}
	if !action.High.Above(action.Medium) || action.Low.Above(action.Low) || !action.Risk("odd").Above(action.High) {
		t.Error("the risks are out of order")
	}
}

func TestParametersThatNoOperationTakes(t *testing.T) {
	half, whole, none := 0.5, 1.0, 0
	for _, test := range []struct {
		act  action.Action
		want string
	}{
		{&action.OptimizeResources{}, "found neither of the parameters memoryFactor and cpuFactor, expected at least one"},
		{&action.OptimizeResources{CPUFactor: &whole}, "parameter cpuFactor must be above 0 and below 1, found 1"},
		{&action.ScaleStatefulSet{}, "found 0 of the parameters replicas, delta and factor, expected exactly one"},
		{&action.UpdateHPA{Maximum: 3}, "parameter delta must be 1 or more, found 0"},
		{&action.UpdateHPA{Delta: 1}, "parameter maximum must be 1 or more, found 0"},
		{&action.ExpandPVC{}, "the parameters factor and maximum are both needed"},
		{&action.ExpandPVC{Factor: &half, Maximum: quantity("1Gi")}, "parameter factor must be above 1, found 0.5"},
		{&action.CleanupStorage{}, "parameter maximum must be given and be 1 or more"},
		{&action.CleanupStorage{Maximum: &none}, "parameter maximum must be given and be 1 or more"},
		{&action.DrainNode{MaximumCordoned: &none}, "parameter maximumCordoned must be 1 or more, found 0"},
		{&action.MigrateWorkload{Label: "pool"}, "the parameter value is missing"},
		{&action.EnableDebugMode{Value: "debug"}, "the parameter variable is missing"},
		{&action.RotateSecrets{}, "the parameter key is missing"},
		{&action.UpdateNetworkPolicy{}, "the parameter label is missing"},
		{&action.BackupData{Image: "x"}, "the parameter command is missing"},
		{&action.CompactStorage{}, "the parameter image is missing"},
		{&action.RepairDatabase{}, "the parameter image is missing"},
		{&action.CreateHeapDump{}, "the parameter image is missing"},
	} {
		if err := test.act.Validate(); err == nil || err.Error() != test.want {
			t.Errorf("%T: error is %v, want %s", test.act, err, test.want)
		}
	}
}

func TestTemplatesAreChangedAndRestored(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1, func(web *appsv1.Deployment) {
		web.Spec.Template.Annotations = map[string]string{"sidecar.istio.io/inject": "true"}
	})
	half := 0.5
	first := cluster.Deployment(t).Spec.Template
	for _, act := range []action.Action{
		&action.EnableDebugMode{Variable: "LOG_LEVEL", Value: "debug"},
		&action.OptimizeResources{MemoryFactor: &half, MinMemory: quantity("96Mi")},
		&action.MigrateWorkload{Label: "kubernetes.io/os", Value: "linux"},
		&action.ResetServiceMesh{},
	} {
		change := carryOut(t, cluster, act, web(cluster))
		if cmp.Equal(first, cluster.Deployment(t).Spec.Template) {
			t.Errorf("%T changed nothing", act)
		}
		undo(t, change)
		if diff := cmp.Diff(first, cluster.Deployment(t).Spec.Template); diff != "" {
			t.Errorf("%T: after it was taken back (-want +got):\n%s", act, diff)
		}
	}
}

func TestWhatIsSoAlreadyIsRefused(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	half := 0.5
	target := web(cluster)
	name := target.String()
	refused(t, cluster, &action.ResetServiceMesh{}, target,
		name+`: its pods are not in the mesh; expected the annotation sidecar.istio.io/inject: "true" in the template`)
	refused(t, cluster, &action.OptimizeResources{MemoryFactor: &half, MinMemory: quantity("128Mi")}, target,
		name+`: container "web" has no request that could be lowered`)
	refused(t, cluster, &action.EnableDebugMode{Container: "x", Variable: "A", Value: "b"}, target, name+`: there is no container "x"`)
	carryOut(t, cluster, &action.EnableDebugMode{Variable: "A", Value: "b"}, target)
	refused(t, cluster, &action.EnableDebugMode{Variable: "A", Value: "b"}, target, name+`: container "web" has A=b already`)
	carryOut(t, cluster, &action.MigrateWorkload{Label: "kubernetes.io/os", Value: "linux"}, target)
	refused(t, cluster, &action.MigrateWorkload{Label: "kubernetes.io/os", Value: "linux"}, target,
		name+": its pods are bound to nodes with kubernetes.io/os=linux already")
}

func TestQuarantineKeepsThePodAndReplacesIt(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	suspect := cluster.Pods(t)[0]
	change := carryOut(t, cluster, &action.QuarantinePod{}, at(cluster, action.Pod, suspect.Name))
	if replacements, ok := change.After["replacements"].([]string); !ok || len(replacements) != 1 {
		t.Errorf("the change says %v, want one replacement", change.After)
	}
	kept, err := cluster.CoreV1().Pods(cluster.Namespace).Get(t.Context(), suspect.Name, metav1.GetOptions{})
	if err != nil || kept.UID != suspect.UID || metav1.GetControllerOf(kept) != nil {
		t.Errorf("the pod in quarantine is %+v (%v)", kept.ObjectMeta, err)
	}
	if diff := cmp.Diff(map[string]string{"remediator/quarantine": "true"}, kept.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	refused(t, cluster, &action.QuarantinePod{}, at(cluster, action.Pod, suspect.Name), `pod "`+suspect.Name+`" has no controller that would start another one`)
}

func TestRotationShowsNoSecretAndRestartsItsUsers(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	secrets := cluster.CoreV1().Secrets(cluster.Namespace)
	made, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "key"}, StringData: map[string]string{"password": "old"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cluster.Deploy(t, 1, func(web *appsv1.Deployment) {
		source := corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "key"}}
		web.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "key", VolumeSource: source}}
	})
	target := at(cluster, action.Secret, "key")
	refused(t, cluster, &action.RotateSecrets{Key: "user"}, target, target.String()+` has no key "user"`)
	change := carryOut(t, cluster, &action.RotateSecrets{Key: "password"}, target)
	found, err := secrets.Get(t.Context(), "key", metav1.GetOptions{})
	if err != nil || string(found.Data["password"]) == "old" || len(found.Data["password"]) < 20 {
		t.Errorf("the secret was not rotated (%v)", err)
	}
	want := action.State{"resourceVersion": found.ResourceVersion, "key": "password", "restarted": []string{"web"}}
	if diff := cmp.Diff(want, change.After); diff != "" || change.Before["resourceVersion"] != made.ResourceVersion {
		t.Errorf("before is %v, after (-want +got):\n%s", change.Before, diff)
	}
}

func TestNetworkPoliciesAreOpenedAndClosedAgain(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	policies := cluster.NetworkingV1().NetworkPolicies(cluster.Namespace)
	if _, err := policies.Create(t.Context(), &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "deny"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	target := at(cluster, action.NetworkPolicy, "deny")
	act := &action.UpdateNetworkPolicy{Label: "app", Value: "web"}
	change := carryOut(t, cluster, act, target)
	refused(t, cluster, act, target, target.String()+" lets pods with app=web in already")
	undo(t, change)
	policy, err := policies.Get(t.Context(), "deny", metav1.GetOptions{})
	if err != nil || len(policy.Spec.Ingress) != 0 {
		t.Errorf("after it was taken back the policy is %+v (%v)", policy.Spec, err)
	}
}

func TestTheNetworkIsWhatSaysSo(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	labels := map[string]string{"app": "agent"}
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent"}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "agent", Image: "agent:1"}}},
		},
	}}
	if _, err := cluster.AppsV1().DaemonSets(cluster.Namespace).Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	target := at(cluster, action.DaemonSet, "agent")
	refused(t, cluster, &action.RestartNetwork{}, target,
		target.String()+` has app.kubernetes.io/component="", expected "network"; only the agents of the network are restarted`)
	change := carryOut(t, cluster, &action.RestartDaemonSet{}, target)
	if change.Before["generation"] != int64(1) || change.After["generation"] != int64(2) {
		t.Errorf("the change is %v", change)
	}
}

func TestMissingTargetsAreNamed(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	factor, maximum, delta := 2.0, 1, int32(1)
	program := struct{ image, command string }{"tool:1", "work"}
	in := func(kind string) string { return kind + " " + cluster.Namespace + "/absent" }
	for _, test := range []struct {
		kind string
		act  action.Action
		want string
	}{
		{action.StatefulSet, &action.ScaleStatefulSet{Delta: &delta}, "read the scale of " + in("StatefulSet") + `: statefulsets.apps "absent" not found`},
		{action.HorizontalPodAutoscaler, &action.UpdateHPA{Delta: 1, Maximum: 2}, "read " + in("HorizontalPodAutoscaler") + `: horizontalpodautoscalers.autoscaling "absent" not found`},
		{action.PersistentVolumeClaim, &action.ExpandPVC{Factor: &factor, Maximum: quantity("1Gi")}, "read " + in("PersistentVolumeClaim") + `: persistentvolumeclaims "absent" not found`},
		{action.PersistentVolumeClaim, &action.BackupData{Image: program.image, Command: program.command}, "read " + in("PersistentVolumeClaim") + `: persistentvolumeclaims "absent" not found`},
		{action.StatefulSet, &action.RepairDatabase{Image: program.image, Command: program.command}, "read " + in("StatefulSet") + `: statefulsets.apps "absent" not found`},
		{action.Pod, &action.CreateHeapDump{Image: program.image, Command: program.command}, "read " + in("Pod") + `: pods "absent" not found`},
		{action.Service, &action.FailoverDatabase{}, "read " + in("Service") + `: services "absent" not found`},
		{action.Deployment, &action.NotifyOnly{}, "read " + in("Deployment") + `: deployments.apps "absent" not found`},
		{action.Deployment, &action.AuditLogs{}, "read " + in("Deployment") + `: deployments.apps "absent" not found`},
		{action.Deployment, &action.CollectDiagnostics{}, "read " + in("Deployment") + `: deployments.apps "absent" not found`},
	} {
		refused(t, cluster, test.act, at(cluster, test.kind, "absent"), test.want)
	}
	selected := action.Target{Kind: action.PersistentVolumeClaim, Namespace: cluster.Namespace, Selector: "batch=x"}
	refused(t, cluster, &action.CleanupStorage{Maximum: &maximum}, selected, selected.String()+" matches 0 unused claims, expected 1 to 1")
}

func TestADryRunChangesNothing(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	before := cluster.Deployment(t)
	dry := action.Cluster{Client: cluster, DryRun: true}
	half := 0.5
	for _, act := range []action.Action{
		&action.EnableDebugMode{Variable: "A", Value: "b"}, &action.OptimizeResources{MemoryFactor: &half}, &action.NotifyOnly{},
		&action.AuditLogs{}, &action.CollectDiagnostics{}, &action.MigrateWorkload{Label: "a", Value: "b"},
	} {
		if _, err := act.Apply(t.Context(), dry, web(cluster)); err != nil {
			t.Errorf("%T: %v", act, err)
		}
	}
	if _, err := (&action.QuarantinePod{}).Apply(t.Context(), dry, at(cluster, action.Pod, cluster.Pods(t)[0].Name)); err != nil {
		t.Error(err)
	}
	if after := cluster.Deployment(t); after.Generation != before.Generation || len(cluster.Pods(t)) != 1 {
		t.Errorf("the deployment went from generation %d to %d", before.Generation, after.Generation)
	}
	maps, err := cluster.CoreV1().ConfigMaps(cluster.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "remediator/operation"})
	if err != nil || len(maps.Items) != 0 {
		t.Errorf("config maps were made: %v (%v)", maps.Items, err)
	}
}
