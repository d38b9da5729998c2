// Package component runs the components of a sandbox inside this process: etcd, the three servers of Kubernetes, the
// simulator and what a real node consists of. It is the only package that imports their code; everything else starts this
// program again with the name of a component as the first argument.
package component

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	// The registrations that the programs of Kubernetes make themselves.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/scenario-runner/scenario-runner/sandbox/footprint"
	"github.com/scenario-runner/scenario-runner/sandbox/simulator"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// Run runs the named component with its arguments and returns its exit code; found is false if there is none of that
// name. The process ends when its supervisor dies.
func Run(ctx context.Context, name string, arguments []string) (code int, found bool) {
	if !supervise.IsProgram(name) {
		return 0, false
	}
	watchLifeline()
	go footprint.Watch(ctx, footprint.Pauses())
	switch name {
	case supervise.Etcd:
		etcdmain.Main(append([]string{name}, arguments...))
		return 0, true
	case supervise.APIServer:
		return runCommand(apiserver.NewAPIServerCommand(), arguments), true
	case supervise.ControllerManager:
		return runCommand(controllermanager.NewControllerManagerCommand(), arguments), true
	case supervise.Scheduler:
		return runCommand(scheduler.NewSchedulerCommand(), arguments), true
	case supervise.KWOK:
		return runSimulator(ctx, arguments), true
	default:
		return runNode(ctx, name, arguments)
	}
}

func runCommand(command *cobra.Command, arguments []string) int {
	command.SetArgs(arguments)
	return cli.Run(command)
}

func runSimulator(ctx context.Context, arguments []string) int {
	var options simulator.Options
	flags := pflag.NewFlagSet(supervise.KWOK, pflag.ContinueOnError)
	flags.StringVar(&options.Name, "name", "", "name of the sandbox")
	flags.StringVar(&options.Kubeconfig, "kubeconfig", "", "kubeconfig of the API server")
	flags.StringVar(&options.Server.Listen, "listen", "127.0.0.1:0", "address of the kubelets")
	flags.StringVar(&options.Server.CertificateFile, "tls-cert-file", "", "certificate of the kubelets")
	flags.StringVar(&options.Server.KeyFile, "tls-private-key-file", "", "private key of the kubelets")
	flags.StringVar(&options.Server.ClientAuthorityFile, "client-ca-file", "", "authority of the kubelets' callers")
	flags.StringVar(&options.Volumes, "volumes", "", "folder in which volumes keep data")
	if err := flags.Parse(arguments); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", supervise.KWOK, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := simulator.Run(ctx, options); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", supervise.KWOK, err)
		return 1
	}
	return 0
}

// watchLifeline ends this process when the supervisor's end of the pipe is closed, which the kernel does however the
// supervisor dies.
func watchLifeline() {
	descriptor, err := strconv.Atoi(os.Getenv(supervise.LifelineVariable))
	if err != nil {
		// Started by hand, for instance to look at a component's help.
		return
	}
	lifeline := os.NewFile(uintptr(descriptor), "lifeline")
	go func() {
		// Nothing is ever written: reading returns at the end of the pipe.
		_, _ = lifeline.Read(make([]byte, 1))
		os.Exit(1)
	}()
}
