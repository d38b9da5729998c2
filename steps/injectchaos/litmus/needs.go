package litmus

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Needs adds the rights to create an engine with all that it needs, to follow it, and to remove it again. Who creates the
// account of the experiment must have all that it may do.
func Needs(r *kube.Rights, experiment catalogue.Experiment, given *Config, ref kube.Ref) {
	c := Config{}
	if given != nil {
		c = *given
	}
	in := func(apiVersion, kind string) kube.Ref {
		return kube.Ref{APIVersion: apiVersion, Kind: kind, Namespace: ref.Namespace}
	}
	r.Add(in(version, "ChaosEngine"), "", "create", "delete", "get", "list", "patch", "watch")
	r.Add(in(version, "ChaosResult"), "", "delete", "get", "list", "watch").Add(in(version, "ChaosExperiment"), "", "get")
	r.Add(in("batch/v1", "Job"), "", "delete", "list", "watch").Add(in("v1", "Pod"), "", "delete", "get", "list", "watch")
	r.Add(in("v1", "Event"), "", "list", "watch").Helps(in("v1", "Pod"), "log", "get").Read(ref).Follow(ref)
	definition := kube.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}
	r.Helps(definition, "", "get")
	if c.allows(cluster) {
		r.Create(definition).Add(definition, "", "list", "watch")
	}
	if !c.allows(namespaced) {
		return
	}
	r.Create(in(version, "ChaosExperiment"))
	if c.ServiceAccount != "" {
		return
	}
	account(r, experiment, in)
}

// account adds the rights to create the account of an experiment and to give it its rights.
func account(r *kube.Rights, experiment catalogue.Experiment, in func(apiVersion, kind string) kube.Ref) {
	wide := experiment.Scope == catalogue.Nodes
	prefix := ""
	if wide {
		prefix = "Cluster"
	}
	r.Create(in("v1", "ServiceAccount"))
	r.Create(in(rbacv1.SchemeGroupVersion.String(), prefix+"Role")).Create(in(rbacv1.SchemeGroupVersion.String(), prefix+"RoleBinding"))
	for _, rule := range rights(experiment) {
		r.Grant(in("", "").Namespace, wide, rule.APIGroups, rule.Resources, rule.Verbs)
	}
}
