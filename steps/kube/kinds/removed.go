package kinds

import "slices"

// removal is a version of an API that no supported server has any more.
type removal struct {
	apiVersion string
	kinds      []string
	instead    string // the version that took its place, "" for none
	since      string // the version of Kubernetes without it
}

// removals lists what the deprecation guide of Kubernetes lists.
func removals() []removal {
	workloads := []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "ControllerRevision"}
	roles := []string{"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
	webhooks := []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
	flow := []string{"FlowSchema", "PriorityLevelConfiguration"}
	return []removal{
		{"extensions/v1beta1", []string{"DaemonSet", "Deployment", "ReplicaSet"}, "apps/v1", "1.16"},
		{"extensions/v1beta1", []string{"NetworkPolicy"}, "networking.k8s.io/v1", "1.16"},
		{"extensions/v1beta1", []string{"PodSecurityPolicy"}, "", "1.16"},
		{"extensions/v1beta1", []string{"Ingress"}, "networking.k8s.io/v1", "1.22"},
		{"apps/v1beta1", workloads, "apps/v1", "1.16"},
		{"apps/v1beta2", workloads, "apps/v1", "1.16"},
		{"admissionregistration.k8s.io/v1beta1", webhooks, "admissionregistration.k8s.io/v1", "1.22"},
		{"apiextensions.k8s.io/v1beta1", []string{"CustomResourceDefinition"}, "apiextensions.k8s.io/v1", "1.22"},
		{"apiregistration.k8s.io/v1beta1", []string{"APIService"}, "apiregistration.k8s.io/v1", "1.22"},
		{"autoscaling/v2beta1", []string{"HorizontalPodAutoscaler"}, "autoscaling/v2", "1.25"},
		{"autoscaling/v2beta2", []string{"HorizontalPodAutoscaler"}, "autoscaling/v2", "1.26"},
		{"batch/v2alpha1", []string{"CronJob"}, "batch/v1", "1.21"},
		{"batch/v1beta1", []string{"CronJob"}, "batch/v1", "1.25"},
		{"certificates.k8s.io/v1beta1", []string{"CertificateSigningRequest"}, "certificates.k8s.io/v1", "1.22"},
		{"coordination.k8s.io/v1beta1", []string{"Lease"}, "coordination.k8s.io/v1", "1.22"},
		{"discovery.k8s.io/v1beta1", []string{"EndpointSlice"}, "discovery.k8s.io/v1", "1.25"},
		{"events.k8s.io/v1beta1", []string{"Event"}, "events.k8s.io/v1", "1.25"},
		{"flowcontrol.apiserver.k8s.io/v1beta1", flow, "flowcontrol.apiserver.k8s.io/v1", "1.26"},
		{"flowcontrol.apiserver.k8s.io/v1beta2", flow, "flowcontrol.apiserver.k8s.io/v1", "1.29"},
		{"flowcontrol.apiserver.k8s.io/v1beta3", flow, "flowcontrol.apiserver.k8s.io/v1", "1.32"},
		{"networking.k8s.io/v1beta1", []string{"Ingress", "IngressClass"}, "networking.k8s.io/v1", "1.22"},
		{"node.k8s.io/v1beta1", []string{"RuntimeClass"}, "node.k8s.io/v1", "1.25"},
		{"policy/v1beta1", []string{"PodDisruptionBudget"}, "policy/v1", "1.25"},
		{"policy/v1beta1", []string{"PodSecurityPolicy"}, "", "1.25"},
		{"rbac.authorization.k8s.io/v1alpha1", roles, "rbac.authorization.k8s.io/v1", "1.22"},
		{"rbac.authorization.k8s.io/v1beta1", roles, "rbac.authorization.k8s.io/v1", "1.22"},
		{"scheduling.k8s.io/v1beta1", []string{"PriorityClass"}, "scheduling.k8s.io/v1", "1.22"},
		{"storage.k8s.io/v1beta1", []string{"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"}, "storage.k8s.io/v1", "1.22"},
		{"storage.k8s.io/v1beta1", []string{"CSIStorageCapacity"}, "storage.k8s.io/v1", "1.27"},
	}
}

// Removed reports whether a kind is no longer served under an API version, since when, and what took its place ("" for
// nothing).
func Removed(apiVersion, kind string) (instead, since string, removed bool) {
	all := removals()
	i := slices.IndexFunc(all, func(r removal) bool { return r.apiVersion == apiVersion && slices.Contains(r.kinds, kind) })
	if i < 0 {
		return "", "", false
	}
	return all[i].instead, all[i].since, true
}
