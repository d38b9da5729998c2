package component

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"github.com/scenario-runner/scenario-runner/sandbox/dns"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// runNode runs the first process of a real node or a part of it; found is false if there is none of that name.
func runNode(ctx context.Context, name string, arguments []string) (code int, found bool) {
	switch name {
	case supervise.Node:
		return runFirst(ctx, arguments), true
	case string(realnode.Kubelet):
		return runCommand(kubelet.NewKubeletCommand(ctx), arguments), true
	case string(realnode.Proxy):
		return runCommand(kubeproxy.NewProxyCommand(), arguments), true
	case string(realnode.DNS):
		return runDNS(ctx, arguments), true
	default:
		return 0, false
	}
}

func runFirst(ctx context.Context, arguments []string) int {
	flags := pflag.NewFlagSet(supervise.Node, pflag.ContinueOnError)
	path := flags.String("config", "", "configuration of the node")
	if err := flags.Parse(arguments); err != nil {
		return failed(supervise.Node, 2, err)
	}
	config, err := realnode.Read(*path)
	if err != nil {
		return failed(supervise.Node, 1, err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := realnode.Run(ctx, config); err != nil {
		return failed(supervise.Node, 1, err)
	}
	return 0
}

func runDNS(ctx context.Context, arguments []string) int {
	options := dns.Options{Domain: realnode.ClusterDomain}
	flags := pflag.NewFlagSet(string(realnode.DNS), pflag.ContinueOnError)
	flags.StringVar(&options.Kubeconfig, "kubeconfig", "", "kubeconfig of the API server")
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:53", "address of the name server")
	if err := flags.Parse(arguments); err != nil {
		return failed(string(realnode.DNS), 2, err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dns.Run(ctx, options); err != nil {
		return failed(string(realnode.DNS), 1, err)
	}
	return 0
}

func failed(name string, code int, err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	return code
}
