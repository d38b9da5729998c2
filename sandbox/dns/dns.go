// Package dns is the name server of a real node: it answers for the services and pods of the cluster, as the specification
// of Kubernetes' DNS says. It forwards nothing: names outside the cluster don't exist in a sandbox.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/miekg/dns"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say what to answer for and where.
type Options struct {
	// Kubeconfig is the file with which the API server is reached.
	Kubeconfig string
	// Listen is the address with the port.
	Listen string
	// Domain is the domain of the cluster.
	Domain string
}

// Run answers until the context ends.
func Run(ctx context.Context, options Options) error {
	config, err := clientcmd.BuildConfigFromFlags("", options.Kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactory(client, 0)
	defer factory.Shutdown()
	defer cancel()
	z, err := newZone(options.Domain, factory)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("read the objects of type %s: %w", kind, context.Cause(ctx))
		}
	}
	return serve(ctx, options.Listen, z)
}

// serve answers over UDP, and over TCP for answers that are too long for it.
func serve(ctx context.Context, address string, handler dns.Handler) error {
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("listen for questions: %w", err)
	}
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for questions: %w", err), packets.Close())
	}
	servers := []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: listener, Handler: handler}}
	ended := make(chan error, len(servers))
	var running sync.WaitGroup
	for _, server := range servers {
		running.Go(func() { ended <- server.ActivateAndServe() })
	}
	select {
	case err = <-ended:
		err = fmt.Errorf("answer questions: %w", err)
	case <-ctx.Done():
		err = nil
	}
	_ = errors.Join(packets.Close(), listener.Close()) // nothing is lost but questions
	running.Wait()
	return err
}
