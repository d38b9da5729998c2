// Package receive is the step that opens an HTTP sink and judges what arrived there. What it answers is fixed; a backend
// with a script is what mock is for.
package receive

import (
	"context"
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what the author writes under `receive`: one of the two.
type Config struct {
	Listen *Listen `yaml:"listen" doc:"Open a sink that keeps what arrives until the scenario ends."`
	Expect *Expect `yaml:"expect" doc:"Wait until what a sink has received is as it should be."`
}

// Listen opens a sink.
type Listen struct {
	Path     string   `yaml:"path" doc:"The only path that is kept; others are answered with 404. Without it, every path." example:"/hook"`
	Methods  []string `yaml:"methods" single:"true" doc:"The only methods that are kept; others are answered with 405. Without it, every method." example:"[POST]"`
	Host     string   `yaml:"host" doc:"Address to listen on. Any other than 127.0.0.1 lets other machines in."`
	Port     int      `yaml:"port" doc:"Port to listen on; 0 stands for a free one."`
	Keep     int      `yaml:"keep" doc:"How many requests are kept. When more arrive, nothing can be claimed about them any more." example:"1000"`
	Response Response `yaml:"response" doc:"What every request is answered with."`
}

// Response is what a sink answers.
type Response struct {
	Status  int               `yaml:"status" doc:"Status code." example:"200"`
	Body    any               `yaml:"body" doc:"Text, or a value that is sent as JSON."`
	Headers map[string]string `yaml:"headers" doc:"Headers."`
}

// Expect judges what a sink has received.
type Expect struct {
	From     string          `yaml:"from" required:"true" doc:"Id of the step that opened the sink, or the backend of mock." example:"sink"`
	Where    eval.Expr[bool] `yaml:"where" scope:"request" doc:"Which requests count. Without it, all." example:"request.body.status == \"firing\""`
	Exactly  *int            `yaml:"exactly" doc:"How many of them there must be. More fail at once."`
	AtLeast  *int            `yaml:"atLeast" doc:"How many of them there must be at least. With where alone, 1."`
	AtMost   *int            `yaml:"atMost" doc:"How many of them there may be at most."`
	Schema   any             `yaml:"schema" doc:"JSON schema of the body of every request in the sink, whether it counts or not. One that does not fit fails the step at once, and expressions know its fields." example:"{type: object, required: [status], properties: {status: {enum: [firing, resolved]}}}"`
	That     eval.Expr[bool] `yaml:"that" scope:"requests" doc:"Condition on the list of all requests." example:"all(requests, .method == \"POST\")"`
	Within   time.Duration   `yaml:"within" doc:"How long to wait for it at most. Without it, as long as the step may take." example:"30s"`
	HoldsFor time.Duration   `yaml:"holdsFor" doc:"How long it must stay true." example:"5s"`
}

// Outputs is what later steps can read: the first part after listen, the second after expect.
type Outputs struct {
	Name    string `expr:"name" doc:"Name of the sink, for from."`
	URL     string `expr:"url" doc:"Address of the sink with its path."`
	Address string `expr:"address" doc:"Host and port of the sink."`
	Port    int    `expr:"port" doc:"Port of the sink."`

	Count    int   `expr:"count" doc:"How many requests counted."`
	Requests []any `expr:"requests" doc:"The requests that counted, in the order in which they arrived, each with method, path, query, headers, body, text and time."`
	Request  any   `expr:"request" doc:"The first of them, nothing when there is none."`
}

// New returns the definition of the step. Its sinks, and the backends of mock, are shared by all steps of env.
func New(env *kube.Env) step.Definition {
	sinks := inbox.Of(env)
	return step.Define(step.Spec[Config, Outputs]{
		Name:   "receive",
		Group:  step.Services,
		Doc:    doc,
		Judges: true,
		// Opening a sink claims nothing.
		JudgesIf: func(c *Config) bool { return c.Expect != nil },
		Check:    check,
		Title:    title,
		Outputs:  outputs,
		Names:    local,
		// A sink listens on this machine, and ends with the scenario.
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			if c.Listen != nil {
				return listen(ctx, run, c.Listen, sinks)
			}
			return expect(ctx, run, c.Expect, sinks)
		},
	})
}

func title(c *Config) string {
	switch {
	case c.Listen != nil && c.Listen.Path != "":
		return "receive requests on " + c.Listen.Path
	case c.Listen != nil:
		return "receive requests"
	case c.Expect != nil && c.Expect.From != "":
		return "what " + c.Expect.From + " received"
	}
	return ""
}
