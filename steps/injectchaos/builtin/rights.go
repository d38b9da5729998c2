package builtin

import (
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/drain"
)

// Needs adds the rights that an experiment on what ref means needs. What is changed is changed back by the same verbs.
func Needs(r *kube.Rights, experiment catalogue.Experiment, ref kube.Ref) {
	pods := kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: ref.Namespace}
	switch experiment.Scope {
	case catalogue.Pods:
		onPods(r, experiment.Name, ref, pods)
	case catalogue.Nodes:
		edits(r, ref)
		if experiment.Name == "node-drain" {
			drain.Needs(r, true, false)
		}
	case catalogue.Workloads:
		edits(r, ref)
		r.Add(pods, "", "list", "watch")
		if experiment.Name == "scale-to-zero" {
			r.Add(ref, "scale", "get", "patch")
		} else {
			r.Add(pods, "", "delete") // those that are stuck
		}
	case catalogue.Services:
		edits(r, ref)
		r.Add(kube.Ref{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice", Namespace: ref.Namespace}, "", "list", "watch")
		r.Add(pods, "", "list")
	case catalogue.Namespaces:
		r.Read(kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: ref.Name})
		r.Everywhere(kube.Ref{APIVersion: "v1", Kind: "ResourceQuota"}, "", "create", "delete", "get").Everywhere(pods, "", "create")
	default:
		edits(r, ref)
	}
}

// edits adds what changing fields of an object and watching it needs.
func edits(r *kube.Rights, ref kube.Ref) {
	r.Add(ref, "", "get", "patch").Follow(ref)
}

// onPods adds the rights of experiments on pods. A workload among the targets is watched until its pods are known.
func onPods(r *kube.Rights, name string, ref, pods kube.Ref) {
	r.Read(ref).Follow(ref).Add(pods, "", "get").Follow(pods)
	switch name {
	case "pod-delete":
		r.Add(pods, "", "delete").Beyond(pods, "", "create")
		return
	case "pod-network-partition", "dns-failure":
		r.Add(kube.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: ref.Namespace}, "", "create", "delete", "get")
	case "pod-cpu-hog", "pod-memory-hog":
		r.Helps(kube.Ref{Kind: "pods.metrics.k8s.io", Namespace: ref.Namespace}, "", "get", "list", "watch")
	}
	r.Add(pods, "", "patch").Add(pods, "exec", "create", "get")
	r.Helps(kube.Ref{APIVersion: "v1", Kind: "Node"}, "", "get")
}
