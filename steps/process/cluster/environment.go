// Package cluster tells a program how to reach the cluster of a step, by the environment variables that Kubernetes
// clients read. It copies no credentials.
package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Environment hands out the clusters of a run. It implements process.Clusters.
type Environment struct {
	Env *kube.Env
}

// ProcessEnvironment returns KUBECONFIG and SCENARIO_NAMESPACE for the cluster and namespace of run. The scenario's own
// namespace is created when this is the first step that needs it.
func (e Environment) ProcessEnvironment(ctx context.Context, run *step.Run) ([]string, error) {
	target, err := e.Env.Target(ctx, run)
	if err != nil {
		return nil, err
	}
	entries := []string{"SCENARIO_NAMESPACE=" + target.Namespace}
	connection := target.Cluster.Connection
	if connection.InCluster {
		for _, name := range []string{"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"} {
			entries = append(entries, name+"="+os.Getenv(name))
		}
		return entries, nil
	}
	files, err := filesOf(run, connection)
	if err != nil {
		return nil, err
	}
	return append(entries, "KUBECONFIG="+files), nil
}

// Kubeconfig returns the files that lead to a cluster by its name, as KUBECONFIG has them. The scenario's own namespace is
// created there when nothing has needed it yet.
func (e Environment) Kubeconfig(ctx context.Context, run *step.Run, cluster string) (string, error) {
	there := *run
	there.Cluster = cluster
	target, err := e.Env.Target(ctx, &there)
	if err != nil {
		return "", err
	}
	if target.Cluster.Connection.InCluster {
		return "", fmt.Errorf("cluster %q is reached by the service account of this pod, for which there is no kubeconfig", cluster)
	}
	return filesOf(run, target.Cluster.Connection)
}

// filesOf returns the files by which a client that only knows KUBECONFIG uses the context of c.
func filesOf(run *step.Run, c kube.Connection) (string, error) {
	current, err := isCurrent(c)
	if err != nil || current {
		return c.Kubeconfig, err
	}
	overlay, err := choose(run, c.Context)
	if err != nil {
		return "", err
	}
	return overlay + string(filepath.ListSeparator) + c.Kubeconfig, nil
}

// isCurrent reports whether a client that only knows the files of c would use the same context.
func isCurrent(c kube.Connection) (bool, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(c.Kubeconfig)}
	config, err := rules.Load()
	if err != nil {
		return false, fmt.Errorf("kubeconfig %s: %w", strings.Join(rules.Precedence, ", "), err)
	}
	return c.Context == "" || config.CurrentContext == c.Context, nil
}

// choose writes a kubeconfig that holds nothing but the name of the context: the first file of KUBECONFIG that names one
// decides. It lives as long as the services that were started after it.
func choose(run *step.Run, name string) (string, error) {
	data, err := yaml.Marshal(map[string]string{"apiVersion": "v1", "kind": "Config", "current-context": name})
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "scenario-runner-kubeconfig-")
	if err != nil {
		return "", err
	}
	run.Host.Service("kubeconfig", func(ctx context.Context) error {
		<-ctx.Done()
		return os.RemoveAll(folder)
	})
	path := filepath.Join(folder, "context.yaml")
	return path, os.WriteFile(path, data, 0o600)
}
