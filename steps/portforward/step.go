// Package portforward is the portForward step: it makes a port of pods reachable on this machine until the scenario ends. How
// connections get there is the part of steps/kube/remote.
package portforward

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	To        kube.Ref `yaml:"to" required:"true" doc:"Where to: a pod, pods by labels, a workload, or a Service." example:"service/web"`
	Port      string   `yaml:"port" required:"true" doc:"Number or name of the port; of a Service it is the Service's port." example:"http"`
	LocalPort int      `yaml:"localPort" doc:"Port of this machine; a free one if not given." example:"18080"`
	Scheme    string   `yaml:"scheme" doc:"How the output url begins; http if not given." example:"https"`
}

// Outputs are what later steps read.
type Outputs struct {
	URL     string        `expr:"url" doc:"Address for clients on this machine, as in http://127.0.0.1:40123."`
	Host    string        `expr:"host" doc:"Host part of it: 127.0.0.1."`
	Port    int           `expr:"port" doc:"Port part of it."`
	Pod     string        `expr:"pod" doc:"The pod to which the first connections go."`
	PodPort int           `expr:"podPort" doc:"Number of the pod's port."`
	Took    time.Duration `expr:"took" doc:"Time until a connection stood."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "portForward",
		Group:   step.Cluster,
		Doc:     doc,
		Default: func() Config { return Config{Scheme: "http"} },
		Check:   kube.Knowing(env, check),
		TitleAs: func(c *Config, w step.Written) string { return c.To.String() + ", port " + w.Text("port") },
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Needs:   s.needs,
		Run:     s.run,
	})
}

// highestPort is the highest port that there is.
const highestPort = 65535

func check(c *Config, p *step.Problems) {
	kube.Expect(p, kube.Mention{Path: "to", Ref: c.To, Acts: true})
	if c.To.Kind != "" {
		if err := c.To.Check(); err != nil {
			p.At("to", "%s", err)
		}
	}
	if c.Port == "" && p.Given("port") && !p.Dynamic("port") {
		p.At("port", "port is empty; give its number or name")
	}
	if p.Given("localPort") && !p.Dynamic("localPort") && (c.LocalPort < 1 || c.LocalPort > highestPort) {
		p.At("localPort", "localPort must be from 1 to %d, found %d; leave it out for a free one", highestPort, c.LocalPort)
	}
}
