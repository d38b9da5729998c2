package litmus

import (
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Config is what an author writes about LitmusChaos itself.
type Config struct {
	Install          *bool             `yaml:"install" doc:"What may be created where it is missing. Without it: what lives in a namespace, which is the ChaosExperiment, a ServiceAccount, a Role and a RoleBinding. With true also what belongs to the whole cluster: the definitions of Litmus's kinds and, for experiments on nodes, a ClusterRole. With false nothing: all of it must be there. The operator itself is never installed."`
	ServiceAccount   string            `yaml:"serviceAccount" doc:"ServiceAccount that the experiment works as. Without it one is created that may do what the experiment needs and no more."`
	Image            string            `yaml:"image" doc:"Image of the experiment, when its ChaosExperiment is created here. One that is in the namespace already is used as it is."`
	RunnerImage      string            `yaml:"runnerImage" doc:"Image of the chaos runner. Without it the operator's own choice."`
	ContainerRuntime string            `yaml:"containerRuntime" enum:"containerd,crio,docker" doc:"Container runtime of the nodes, for experiments that reach into containers. Without it containerd."`
	SocketPath       string            `yaml:"socketPath" doc:"Socket of the container runtime on the nodes. Without it the usual one."`
	JobCleanUpPolicy string            `yaml:"jobCleanUpPolicy" enum:"retain,delete" doc:"What the operator does with the jobs when the experiment is over. Without it retain, so that their logs can be read; what is retained is removed with the engine."`
	Env              map[string]string `yaml:"env" doc:"More settings of the experiment, by the names that Litmus gives them. They win over those made from parameters." example:"{RAMP_TIME: '5'}"`
	Probes           []Probe           `yaml:"probes" doc:"Litmus probes, which take part in the verdict."`
}

// Probe is one Litmus probe: what is looked at, and when.
type Probe struct {
	Name            string        `yaml:"name" required:"true" doc:"Name of the probe, as the result shows it."`
	Mode            string        `yaml:"mode" required:"true" enum:"SOT,EOT,Edge,Continuous,OnChaos" doc:"When it looks: at the start of the test, at its end, at both, all the time, or all the time while there is chaos."`
	HTTP            *HTTPProbe    `yaml:"http" doc:"Ask a URL."`
	K8s             *K8sProbe     `yaml:"k8s" doc:"Look for objects."`
	Cmd             *CmdProbe     `yaml:"cmd" doc:"Run a command."`
	Prom            *PromProbe    `yaml:"prom" doc:"Ask Prometheus."`
	Timeout         time.Duration `yaml:"timeout" doc:"Time that one look may take. Without it 5s."`
	Interval        time.Duration `yaml:"interval" doc:"Time between two attempts of one look. Without it 1s."`
	Attempts        int           `yaml:"attempts" doc:"How often one look is tried. Without it once."`
	PollingInterval time.Duration `yaml:"pollingInterval" doc:"Time between two looks, in the modes Continuous and OnChaos. Without it 1s."`
	InitialDelay    time.Duration `yaml:"initialDelay" doc:"Time before the first look."`
	StopOnFailure   bool          `yaml:"stopOnFailure" doc:"End the experiment as soon as the probe fails."`
}

// HTTPProbe asks a URL.
type HTTPProbe struct {
	URL                string `yaml:"url" required:"true" doc:"URL to ask, as seen from inside of the cluster."`
	Status             string `yaml:"status" doc:"Status that must come. Without it 200."`
	Body               string `yaml:"body" doc:"Body to send; with it the request is a POST, else a GET."`
	ContentType        string `yaml:"contentType" doc:"Type of the body. Without it application/json."`
	InsecureSkipVerify bool   `yaml:"insecureSkipVerify" doc:"Do not check certificates."`
}

// K8sProbe looks for objects.
type K8sProbe struct {
	Group         string `yaml:"group" doc:"API group, empty for the core."`
	Version       string `yaml:"version" required:"true" doc:"API version." example:"v1"`
	Resource      string `yaml:"resource" required:"true" doc:"Resource, in the plural." example:"pods"`
	Names         string `yaml:"names" doc:"Names of the objects, separated by commas."`
	Namespace     string `yaml:"namespace" doc:"Namespace. Without it that of the target."`
	LabelSelector string `yaml:"labelSelector" doc:"Label selector."`
	FieldSelector string `yaml:"fieldSelector" doc:"Field selector."`
	Operation     string `yaml:"operation" enum:"present,absent" doc:"Whether the objects must be there. Without it present."`
}

// CmdProbe runs a command.
type CmdProbe struct {
	Command string  `yaml:"command" required:"true" doc:"Command to run, in the experiment's pod or in one of its own when there is an image."`
	Image   string  `yaml:"image" doc:"Image of a pod of its own that runs the command."`
	Compare Compare `yaml:"compare" required:"true" doc:"What the output must be."`
}

// PromProbe asks Prometheus.
type PromProbe struct {
	Endpoint string  `yaml:"endpoint" required:"true" doc:"URL of Prometheus, as seen from inside of the cluster."`
	Query    string  `yaml:"query" required:"true" doc:"Query in PromQL."`
	Compare  Compare `yaml:"compare" required:"true" doc:"What the value must be."`
}

// Compare says what a value must be.
type Compare struct {
	Type     string `yaml:"type" enum:"int,float,string" doc:"Type of the value. Without it string; what Prometheus answers is always a number."`
	Criteria string `yaml:"criteria" required:"true" doc:"Comparison: >=, <=, ==, >, <, != for numbers; equal, notEqual, contains, matches, notMatches for text." example:"'>='"`
	Value    string `yaml:"value" required:"true" doc:"What the value is compared with."`
}

// Check reports what is wrong with the settings; path is where they stand.
func (c *Config) Check(path string, p *step.Problems) {
	if c == nil {
		return
	}
	seen := map[string]bool{}
	for i, probe := range c.Probes {
		at := indexed(path+".probes", i)
		kinds := probe.kinds()
		if len(kinds) != 1 {
			p.At(at, "a probe is exactly one of http, k8s, cmd, prom; %q is %s", probe.Name, counted(kinds))
		}
		if probe.Name != "" && seen[probe.Name] {
			p.At(at+".name", "there are two probes of the name %q; Litmus knows probes by their names", probe.Name)
		}
		seen[probe.Name] = true
		for _, name := range []string{"timeout", "interval", "pollingInterval", "initialDelay"} {
			if d := probe.times()[name]; d != 0 && d < time.Second || d%time.Second != 0 {
				p.At(at+"."+name, "Litmus counts in whole seconds, found %s", d)
			}
		}
	}
}
