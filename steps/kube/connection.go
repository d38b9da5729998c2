package kube

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Connection says how a cluster is reached. Another process can use it: paths are absolute once it was resolved.
type Connection struct {
	Kubeconfig string `json:"kubeconfig,omitempty" yaml:"kubeconfig" doc:"Path of a kubeconfig file, or several as in KUBECONFIG."`
	Context    string `json:"context,omitempty" yaml:"context" doc:"Context of the kubeconfig; the current one if not given."`
	InCluster  bool   `json:"inCluster,omitempty" yaml:"-"`
}

// String describes c for people.
func (c Connection) String() string {
	if c.InCluster {
		return "the service account of this pod"
	}
	if c.Context == "" {
		return "the current context of " + c.Kubeconfig
	}
	return fmt.Sprintf("context %q of %s", c.Context, c.Kubeconfig)
}

const orSandbox = "name a cluster with --kubeconfig FILE and --context NAME, or use --sandbox for a cluster in the box"

// connection resolves the name of a cluster to a way of reaching it.
func (e *Env) connection(name string) (Connection, error) {
	given, ok := e.options.Clusters[name]
	if !ok && name == "" {
		given, ok = Connection{Kubeconfig: e.options.Kubeconfig, Context: e.options.Context}, true
	}
	if ok {
		found, err := e.resolve(given)
		if err != nil {
			return found, err
		}
		return found, e.allowed(found)
	}
	names := slices.Sorted(maps.Keys(e.options.Clusters))
	if len(names) == 0 {
		return Connection{}, fmt.Errorf("no cluster %q: no clusters have names; name them under clusters in scenario-runner.yaml", name)
	}
	return Connection{}, fmt.Errorf("no cluster %q%s", name, diag.DidYouMean(name, names))
}

// resolve finds the file and the context, so that the connection means the same to another process.
func (e *Env) resolve(c Connection) (Connection, error) {
	if c.InCluster {
		return c, nil
	}
	var tried []string
	if c.Kubeconfig == "" {
		found, attempts := e.usualFiles()
		if found != "" && c.Context == "" && e.options.Getenv("KUBECONFIG") == "" && !e.inPod() {
			return c, unnamed(found)
		}
		if found == "" {
			if e.inPod() && c.Context == "" {
				return Connection{InCluster: true}, nil
			}
			tried = append([]string{"--kubeconfig (not given)"}, attempts...)
			return c, fmt.Errorf("no cluster to use: tried %s; %s", strings.Join(tried, ", "), orSandbox)
		}
		c.Kubeconfig = found
	}
	var err error
	if c.Kubeconfig, err = absolute(c.Kubeconfig); err != nil {
		return c, err
	}
	return e.withContext(c)
}

// unnamed refuses the current context of the usual file: a program that breaks things must not work on whatever cluster
// was looked at last.
func unnamed(file string) error {
	contexts := "it has no contexts"
	if config, err := clientcmd.LoadFromFile(file); err == nil && len(config.Contexts) > 0 {
		contexts = "it has the contexts " + strings.Join(slices.Sorted(maps.Keys(config.Contexts)), ", ")
	}
	return fmt.Errorf("no cluster was named, and the current context of %s is not taken unasked (%s); %s", file, contexts, orSandbox)
}

// usualFiles looks where kubectl looks, and says where it looked in vain.
func (e *Env) usualFiles() (found string, tried []string) {
	list := e.options.Getenv("KUBECONFIG")
	if list == "" {
		tried = append(tried, "KUBECONFIG (not set)")
		list = filepath.Join(cmp.Or(e.options.Getenv("HOME"), "~"), ".kube", "config")
	}
	var there []string
	for _, file := range filepath.SplitList(list) {
		if _, err := os.Stat(file); err == nil {
			there = append(there, file)
		} else {
			tried = append(tried, file+" (no such file)")
		}
	}
	if !e.inPod() {
		tried = append(tried, "the service account of a pod (not in a pod)")
	}
	return strings.Join(there, string(filepath.ListSeparator)), tried
}

func (e *Env) inPod() bool {
	return e.options.Getenv("KUBERNETES_SERVICE_HOST") != "" && e.options.Getenv("KUBERNETES_SERVICE_PORT") != ""
}

func absolute(list string) (string, error) {
	var out []string
	for _, file := range filepath.SplitList(list) {
		path, err := filepath.Abs(file)
		if err != nil {
			return "", fmt.Errorf("kubeconfig %q: %w", file, err)
		}
		out = append(out, path)
	}
	return strings.Join(out, string(filepath.ListSeparator)), nil
}

// withContext makes the current context explicit: somebody may switch it during the run.
func (e *Env) withContext(c Connection) (Connection, error) {
	config, err := c.loader().RawConfig()
	if err != nil {
		return c, kubeconfigError(c, err)
	}
	c.Context = cmp.Or(c.Context, config.CurrentContext)
	if c.Context == "" && len(config.Contexts) == 1 {
		c.Context = slices.Sorted(maps.Keys(config.Contexts))[0]
	}
	if _, ok := config.Contexts[c.Context]; ok {
		return c, nil
	}
	names := slices.Sorted(maps.Keys(config.Contexts))
	if c.Context == "" {
		return c, fmt.Errorf("%s has no current context; give --context%s", c.Kubeconfig, diag.DidYouMean("", names))
	}
	return c, fmt.Errorf("%s has no context %q%s", c.Kubeconfig, c.Context, diag.DidYouMean(c.Context, names))
}

func kubeconfigError(c Connection, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("kubeconfig %s: no such file; %s", c.Kubeconfig, orSandbox)
	}
	return fmt.Errorf("kubeconfig %s: %w", c.Kubeconfig, err)
}

func (c Connection) loader() clientcmd.ClientConfig {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.Kubeconfig}
	if files := filepath.SplitList(c.Kubeconfig); len(files) > 1 {
		rules = &clientcmd.ClientConfigLoadingRules{Precedence: files}
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context})
}

// config returns what client-go needs to connect.
func (c Connection) config(userAgent string) (*rest.Config, error) {
	var config *rest.Config
	var err error
	if c.InCluster {
		config, err = rest.InClusterConfig()
	} else {
		config, err = c.loader().ClientConfig()
	}
	if err != nil {
		return nil, kubeconfigError(c, err)
	}
	config.QPS = -1
	config.UserAgent = userAgent
	return config, nil
}
