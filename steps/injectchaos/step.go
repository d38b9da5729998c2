// Package injectchaos is the injectChaos step: it breaks something on purpose, proves that it is broken, and sees to it
// that it does not stay broken. What can be broken is listed in package catalogue; drivers do it.
package injectchaos

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/builtin"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	Experiment string         `yaml:"experiment" required:"true" enum:"pod-delete,container-kill,pod-cpu-hog,pod-memory-hog,pod-io-stress,disk-fill,pod-network-latency,pod-network-loss,pod-network-partition,dns-failure,node-drain,node-taint,node-not-ready,node-cpu-hog,node-memory-hog,kubelet-service-kill,service-disruption,config-corruption,secret-corruption,image-pull-failure,quota-exhaustion,scale-to-zero" doc:"What is done, by its name in the catalogue." example:"pod-delete"`
	Target     Target         `yaml:"target" required:"true" doc:"What is hit, as kind/name or as a mapping." example:"{kind: Deployment, name: web}"`
	Duration   time.Duration  `yaml:"duration" doc:"How long the fault lasts. The step waits that long, takes the fault back and sees its effect gone. Without it the fault stays until the scenario ends." example:"30s"`
	Interval   time.Duration  `yaml:"interval" doc:"Time from one act to the next, for experiments that are acts, such as pod-delete. Needs a duration." example:"10s"`
	Parameters map[string]any `yaml:"parameters" doc:"Settings of the experiment, as the catalogue lists them."`
	Driver     string         `yaml:"driver" enum:"auto,builtin,litmus" doc:"Who carries it out. With auto it is builtin for what builtin can do, and litmus for the rest."`
	Litmus     *litmus.Config `yaml:"litmus" doc:"Settings of LitmusChaos, for the driver litmus."`
	Recover    *bool          `yaml:"recover" doc:"With false the step does not take the fault back after its duration: the system under test is to do that, or else the end of the scenario does."`
}

// Target says what is hit.
type Target struct {
	kube.Ref `yaml:",inline"`
	Count    int `yaml:"count" doc:"How many are hit at most, the first ones by name. Without it one pod or node, or all workloads and config maps that match."`
	Percent  int `yaml:"percent" doc:"What part of those that match is hit, from 1 to 100, rounded up."`
}

// Outputs are what later steps read.
type Outputs struct {
	Verdict                string          `expr:"verdict" doc:"Pass when the fault was seen and, where asked for, its end too. Fail when not. Awaited when that was never known."`
	Experiment             string          `expr:"experiment" doc:"The experiment."`
	Driver                 string          `expr:"driver" doc:"The driver that carried it out."`
	Proof                  string          `expr:"proof" doc:"What the proof rests on: observed when the effect was seen on the targets, stated when it is LitmusChaos's word."`
	Phase                  string          `expr:"phase" doc:"Phase of the ChaosResult; empty without LitmusChaos."`
	FailStep               string          `expr:"failStep" doc:"What LitmusChaos says went wrong; empty when nothing did."`
	ProbeSuccessPercentage int             `expr:"probeSuccessPercentage" doc:"Share of the Litmus probes that passed, in percent; 0 without LitmusChaos."`
	Probes                 []driver.Probe  `expr:"probes" doc:"What came of each Litmus probe."`
	VerdictAfter           time.Duration   `expr:"verdictAfter" doc:"Time from the injection until LitmusChaos gave its verdict; 0 when it gave none."`
	Engine                 string          `expr:"engine" doc:"Name of the ChaosEngine; empty without LitmusChaos."`
	Targets                []driver.Object `expr:"targets" doc:"What was chosen to be hit, before it was hit."`
	Hit                    int             `expr:"hit" doc:"How many objects were hit, repeated acts included."`
	ProvedAfter            time.Duration   `expr:"provedAfter" doc:"Time from the injection until its effect was seen."`
	GoneAfter              time.Duration   `expr:"goneAfter" doc:"Time from the removal until its effect was no longer seen: the time to recover."`
	Took                   time.Duration   `expr:"took" doc:"Time that the step took."`
}

// The verdicts that the output can have, in the words of LitmusChaos.
const (
	pass    = "Pass"
	fail    = "Fail"
	awaited = "Awaited"
)

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env: env, drivers: []driver.Driver{builtin.New()}}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "injectChaos",
		Group:   step.Story,
		Breaks:  true,
		Doc:     doc,
		Timeout: 15 * time.Minute,
		Default: func() Config { return Config{Driver: auto} },
		Check:   kube.Knowing(env, check),
		Title:   title,
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

// Undos are the undos of the faults of every driver.
func Undos(env *kube.Env) []step.Undo { return append(builtin.Undos(env), litmus.Undos(env)...) }

func title(c *Config) string {
	text := c.Experiment
	if c.Target.Kind != "" {
		text += " on " + c.Target.Ref.String()
	}
	if c.Duration > 0 {
		text += " for " + c.Duration.String()
	}
	return text
}
