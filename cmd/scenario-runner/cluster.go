package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// clusterFlags say which clusters a command may touch.
type clusterFlags struct {
	kubeconfig, context string
	clusters            []string
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file of the default cluster")
	cmd.Flags().StringVar(&f.context, "context", "", "context of the default cluster in the kubeconfig")
	cmd.Flags().StringArrayVar(&f.clusters, "cluster", nil, "another cluster for steps that name it: NAME=KUBECONFIG[#CONTEXT] (repeatable)")
}

func (f *clusterFlags) named() bool { return f.kubeconfig != "" || f.context != "" }

func (f *clusterFlags) options() (kube.Options, error) {
	o := kube.Options{Kubeconfig: f.kubeconfig, Context: f.context, Version: buildVersion()}
	if cache, err := os.UserCacheDir(); err == nil { // without one, discovery is asked for in each run
		o.CacheDir = filepath.Join(cache, "scenario-runner", "discovery")
	}
	for _, c := range f.clusters {
		name, rest, ok := strings.Cut(c, "=")
		if !ok || name == "" || rest == "" {
			return o, fmt.Errorf("--cluster %q: write NAME=KUBECONFIG or NAME=KUBECONFIG#CONTEXT", c)
		}
		file, context, _ := strings.Cut(rest, "#")
		if o.Clusters == nil {
			o.Clusters = map[string]kube.Connection{}
		}
		o.Clusters[name] = kube.Connection{Kubeconfig: file, Context: context}
	}
	return o, nil
}
