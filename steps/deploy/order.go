package deploy

import (
	"slices"

	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// ranks are the kinds that others may need to exist before them, first ones first. Every other kind is a workload or
// something that refers to nothing, and comes after these.
func ranks() [][]string {
	return [][]string{
		{"CustomResourceDefinition", "Namespace", "PriorityClass", "StorageClass", "RuntimeClass", "IngressClass"},
		{"ServiceAccount", "ClusterRole", "Role", "ResourceQuota", "LimitRange"},
		{"ClusterRoleBinding", "RoleBinding"},
		{"ConfigMap", "Secret", "PersistentVolume", "PersistentVolumeClaim", "NetworkPolicy", "Service"},
	}
}

// last are the kinds that change how the server treats the objects after them.
func last() []string {
	return []string{"APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding"}
}

// inOrder groups objects so that each group can be applied at once when those before it are there. Within a group
// objects keep the order in which they are written.
func inOrder(objects []manifest.Object) [][]manifest.Object {
	known := ranks()
	groups := make([][]manifest.Object, len(known)+2)
	for _, o := range objects {
		rank := slices.IndexFunc(known, func(kinds []string) bool { return slices.Contains(kinds, o.GetKind()) })
		switch {
		case rank >= 0:
		case slices.Contains(last(), o.GetKind()):
			rank = len(known) + 1
		default:
			rank = len(known)
		}
		groups[rank] = append(groups[rank], o)
	}
	return slices.DeleteFunc(groups, func(group []manifest.Object) bool { return len(group) == 0 })
}
