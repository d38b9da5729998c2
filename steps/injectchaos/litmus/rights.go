package litmus

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
)

// rights are what the account of an experiment may do: what the runner and every experiment need, and what this one does.
func rights(experiment catalogue.Experiment) []rbacv1.PolicyRule {
	rules := []rbacv1.PolicyRule{
		allow("", "create delete deletecollection get list patch update", "pods"),
		allow("", "get list", "pods/log", "configmaps", "secrets"),
		allow("", "create get list patch update", "events"),
		allow("batch", "create delete deletecollection get list", "jobs"),
		allow("apps", "get list", "daemonsets", "deployments", "replicasets", "statefulsets"),
		allow("litmuschaos.io", "create get list patch update", "chaosengines", "chaosexperiments", "chaosresults"),
	}
	return append(rules, further()[experiment.Name]...)
}

// further are the rights beyond those of all experiments.
func further() map[string][]rbacv1.PolicyRule {
	exec := allow("", "create get", "pods/exec")
	read := allow("", "get list", "nodes")
	change := allow("", "get list patch update", "nodes")
	evict := allow("", "create", "pods/eviction")
	return map[string][]rbacv1.PolicyRule{
		"container-kill":        {exec},
		"disk-fill":             {exec},
		"pod-network-partition": {allow("networking.k8s.io", "create delete get list", "networkpolicies")},
		"node-drain":            {change, evict},
		"node-taint":            {change},
		"node-cpu-hog":          {read},
		"node-memory-hog":       {read},
		"kubelet-service-kill":  {read},
	}
}

func allow(group, verbs string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: strings.Fields(verbs)}
}
