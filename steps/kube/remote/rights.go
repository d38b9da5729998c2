package remote

import "github.com/scenario-runner/scenario-runner/steps/kube"

// ForwardNeeds adds the rights that a Forwarder to ref needs.
func ForwardNeeds(r *kube.Rights, ref kube.Ref) {
	r.Pods(ref, true).InPods(ref, "portforward", "create", "get")
}
