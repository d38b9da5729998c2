package http

import (
	"context"
	"fmt"
	"net"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

// Through says by way of which pods a server inside the cluster is reached.
type Through struct {
	To   kube.Ref `yaml:"to" required:"true" doc:"A Service, a workload, pods by labels, or a pod." example:"service/web"`
	Port string   `yaml:"port" required:"true" doc:"Number or name of the port; of a Service it is the Service's port." example:"http"`
}

func (t *Through) check(p *step.Problems) {
	if t == nil {
		return
	}
	kube.Expect(p, kube.Mention{Path: "through.to", Ref: t.To})
	if t.To.Kind != "" {
		if err := t.To.Check(); err != nil {
			p.At("through.to", "%s", err)
		}
	}
	if t.Port == "" && p.Given("through.port") && !p.Dynamic("through.port") {
		p.At("through.port", "port is empty; give its number or name")
	}
}

// open lets connections of the client go through the API server to a pod. The address of a request then only says which
// host and path the server sees. close ends the connections.
func (x *exchange) open(ctx context.Context, env *kube.Env) (closeAll func(), err error) {
	t := x.config.Through
	if t == nil {
		return func() {}, nil
	}
	place, err := env.Target(ctx, x.run)
	if err != nil {
		return nil, err
	}
	forwarder := remote.NewForwarder(context.WithoutCancel(ctx), place, t.To, t.Port, func(text string) { x.run.Progress("%s", text) })
	x.client.DialBy(func(ctx context.Context) (net.Conn, error) {
		conn, err := forwarder.Dial(ctx)
		if err != nil {
			return nil, fmt.Errorf("through %s, port %s: %w", t.To, t.Port, err)
		}
		return conn, nil
	})
	return forwarder.Close, nil
}
