package main

import (
	"fmt"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// config reads how a cluster is reached, from one file or from several as KUBECONFIG has them.
func (c cluster) config() (*rest.Config, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.kubeconfig}
	if files := filepath.SplitList(c.kubeconfig); len(files) > 1 {
		rules = &clientcmd.ClientConfigLoadingRules{Precedence: files}
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("cluster %q: read the kubeconfig: %w", c.name, err)
	}
	config.QPS = -1
	config.UserAgent = "gateway"
	return config, nil
}
