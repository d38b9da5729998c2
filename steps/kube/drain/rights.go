package drain

import "github.com/scenario-runner/scenario-runner/steps/kube"

// Needs adds the rights to evict the pods of a node, whatever their namespaces. With force, pods that no controller keeps are
// made again, unless the drain is to stay.
func Needs(r *kube.Rights, force, keep bool) {
	pods := kube.Ref{APIVersion: "v1", Kind: "Pod"}
	r.Everywhere(pods, "", "get", "list", "watch").Everywhere(pods, "eviction", "create")
	r.Everywhere(kube.Ref{APIVersion: "apps/v1", Kind: "DaemonSet"}, "", "get")
	if force && !keep {
		r.Everywhere(pods, "", "create")
	}
	r.Helps(kube.Ref{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}, "", "list", "watch")
}
