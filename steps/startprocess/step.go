// Package startprocess is the step that runs a program beside the steps that follow, until the scenario ends. A program
// that a step waits for is what run is for.
package startprocess

import (
	"context"
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
	"github.com/scenario-runner/scenario-runner/steps/process"
	"github.com/scenario-runner/scenario-runner/steps/process/cluster"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

//go:embed README.md
var doc string

// undoName is the undo that ends a program whose runner was killed.
const undoName = "process.kill"

// Config is what the author writes under `startProcess`.
type Config struct {
	Command     eval.Tree                      `yaml:"command" required:"true" scope:"ports,kubeconfigs" doc:"Program and arguments, as a list, or as a text that is split into words. No shell reads it." example:"[server, --listen, '127.0.0.1:${{ ports.api }}']"`
	Env         map[string]eval.Text           `yaml:"env" scope:"ports,kubeconfigs" doc:"Environment variables, beside the few that every program gets."`
	Dir         string                         `yaml:"dir" doc:"Working folder, inside the scenario's folder. Without it, the scenario's folder." refers:"folder"`
	Ports       map[string]int                 `yaml:"ports" doc:"Ports for the program, by name; 0 stands for a free one. The program finds api in API_PORT, and its command may use ports.api." example:"{api: 0}"`
	Databases   map[string]postgres.Connection `yaml:"databases" doc:"Databases for the program, by the environment variable that gets the whole address with the password: a name from scenario-runner.yaml each, or an address." example:"{DATABASE_URL: history}"`
	Kubeconfig  bool                           `yaml:"kubeconfig" doc:"The program gets KUBECONFIG and SCENARIO_NAMESPACE of the step's cluster."`
	Kubeconfigs []string                       `yaml:"kubeconfigs" single:"true" doc:"Further clusters for the program, by name. Its command and env may use kubeconfigs.<name>: a file, or several as KUBECONFIG has them." example:"[primary, secondary]"`
	Ready       Ready                          `yaml:"ready" scope:"ports" doc:"What must be seen before the next step starts. When several are given, all of them."`
	MayExit     bool                           `yaml:"mayExit" doc:"The program may end before the scenario does. Otherwise that makes the scenario errored."`
	StopSignal  string                         `yaml:"stopSignal" doc:"Signal that asks the program to end." example:"SIGINT"`
	StopGrace   time.Duration                  `yaml:"stopGrace" doc:"How long the program may take to end before it is killed." example:"5s"`
}

// Ready says when the program can be used.
type Ready struct {
	Log     string        `yaml:"log" doc:"Regular expression that a line of the output must match. Named groups become captures." example:"listening on .*:(?P<port>[0-9]+)"`
	Port    eval.Text     `yaml:"port" doc:"Port on which the program must accept connections: a name from ports, or a number."`
	HTTP    *HTTP         `yaml:"http" doc:"Address that must answer."`
	Timeout time.Duration `yaml:"timeout" doc:"How long the program may take to become ready." example:"30s"`
}

// HTTP is a readiness check by a request.
type HTTP struct {
	URL    eval.Text `yaml:"url" required:"true" shorthand:"true" doc:"Address to get." example:"http://127.0.0.1:${{ ports.api }}/healthz"`
	Status []int     `yaml:"status" single:"true" doc:"Status codes that mean ready. Without it, 200 to 299."`
}

// Outputs is what later steps can read.
type Outputs struct {
	PID      int               `expr:"pid" doc:"Process id of the program."`
	Port     int               `expr:"port" doc:"Port of the program: the capture called port, else its only port; 0 when there is none."`
	Address  string            `expr:"address" doc:"127.0.0.1 and the port; empty when there is none."`
	Ports    map[string]int    `expr:"ports" doc:"Ports by the names given in ports."`
	Captures map[string]string `expr:"captures" doc:"What the named groups of ready.log matched."`
}

// New returns the definition of the step. env is used for programs that get a kubeconfig.
func New(env *kube.Env) step.Definition { return define(cluster.Environment{Env: env}, env.Settings()) }

func define(clusters process.Clusters, known *settings.Settings) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "startProcess",
		Group:   step.Services,
		Doc:     doc,
		Default: defaults,
		Check: func(c *Config, p *step.Problems) {
			check(c, p)
			checkDatabases(c, known, p)
		},
		Title:   func(c *Config) string { return process.Title("start", c.Command) },
		Outputs: outputs,
		Touches: touches,
		Needs:   needs,
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return start(ctx, run, c, surroundings{clusters, known})
		},
	})
}

// Undos returns the undo that comes with the step.
func Undos() []step.Undo { return []step.Undo{process.Undo(undoName)} }

func defaults() Config {
	return Config{StopSignal: "SIGTERM", StopGrace: 5 * time.Second, Ready: Ready{Timeout: 30 * time.Second}}
}
