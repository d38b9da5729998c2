// Package mock is the step that stands in for an HTTP backend: it answers by a script, slowly or wrongly when it is told
// to, and keeps what it was asked. What was asked is judged by others: by receive, and by steps that take a source.
package mock

import (
	"context"
	_ "embed"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what the author writes under `mock`: a backend to open, or with of a change of one that is open.
type Config struct {
	Of      string        `yaml:"of" doc:"Id of the step that opened the backend which answers differently from now on. Without it, a backend is opened." example:"llm"`
	Routes  []Route       `yaml:"routes" doc:"What is answered to which request. The first route that fits takes a request; those of a change come before the earlier ones."`
	Chat    *Chat         `yaml:"chat" doc:"Answer as a language model does, under the addresses of OpenAI's chat completions and of Ollama."`
	Unknown *Reply        `yaml:"unknown" doc:"What is answered to a request that no route takes. Without it, status 501."`
	All     *Reply        `yaml:"all" doc:"What is answered to every request, whatever the routes say." example:"{fault: reset}"`
	Delay   time.Duration `yaml:"delay" doc:"How long every answer is held back, beside a delay of its own." example:"2s"`
	Restore bool          `yaml:"restore" doc:"Forget every change, so that the backend answers as when it was opened."`
	Host    string        `yaml:"host" doc:"Address to listen on. Any other than 127.0.0.1 lets other machines in."`
	Port    int           `yaml:"port" doc:"Port to listen on; 0 stands for a free one."`
	TLS     *TLS          `yaml:"tls" doc:"Speak TLS, with a certificate made for the backend; the output ca is for clients to trust." example:"{names: [llm.shop.svc]}"`
	Keep    int           `yaml:"keep" doc:"How many requests are kept. When more arrive, nothing can be claimed about them any more." example:"1000"`
}

// Route answers some requests.
type Route struct {
	Name   string          `yaml:"name" doc:"Name of the route in the requests that it took. Without it, its path."`
	Path   string          `yaml:"path" required:"true" doc:"Path of the requests. {name} stands for one part, and {name...} at the end for the rest." example:"/orders/{id}"`
	Method []string        `yaml:"method" single:"true" doc:"Methods of the requests. Without it, every method." example:"GET"`
	When   eval.Expr[bool] `yaml:"when" scope:"request" doc:"Take only requests of which this is true." example:"request.body.amount > 100"`
	Answer []Reply         `yaml:"answer" required:"true" single:"true" doc:"What is answered. Of a list, each in turn; the last one stays." example:"[{status: 503, times: 2}, {body: {state: done}}]"`
	Cycle  bool            `yaml:"cycle" doc:"Begin again after the last answer of the list."`
}

// Reply is one answer.
type Reply struct {
	Status  int                  `yaml:"status" doc:"Status code." example:"200"`
	Body    eval.Tree            `yaml:"body" scope:"request,index" doc:"Text, or a value that is sent as JSON. Expressions see the request, and as index how many the route took before." example:"{id: '${{ request.params.id }}'}"`
	Headers map[string]eval.Text `yaml:"headers" scope:"request,index" doc:"Headers."`
	Times   int                  `yaml:"times" doc:"How many requests get this answer before the next one of the list has its turn. Without it, one."`
	Manner  `yaml:",inline"`
}

// Manner is how an answer is given.
type Manner struct {
	Delay time.Duration `yaml:"delay" doc:"How long the answer is held back." example:"500ms"`
	Over  time.Duration `yaml:"over" doc:"Send the body piece by piece over this time." example:"5s"`
	Fault string        `yaml:"fault" enum:"reset,close,hang,truncate,malformed,garbage" doc:"Break the answer: reset the connection, close it without an answer, never answer, end in the middle of the body, send half of the body as if it were all, or send something that is no HTTP."`
}

// Outputs is what later steps can read.
type Outputs struct {
	Name    string `expr:"name" doc:"Name of the backend, for of, for receive and for the source requests."`
	URL     string `expr:"url" doc:"Address of the backend, without a slash at its end."`
	Address string `expr:"address" doc:"Host and port of the backend."`
	Port    int    `expr:"port" doc:"Port of the backend."`
	CA      string `expr:"ca" doc:"Certificate of a backend that speaks TLS, in PEM form, for clients to trust; else empty."`
}

// New returns the definition of the step. Its backends are shared by all steps of env.
func New(env *kube.Env) step.Definition {
	open := backendsOf(env)
	return step.Define(step.Spec[Config, Outputs]{
		Name:  "mock",
		Group: step.Services,
		Doc:   doc,
		Check: check,
		Title: title,
		Names: local,
		// What listens on this machine ends with the scenario.
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			if c.Of != "" {
				return change(run, &c, open)
			}
			return listen(ctx, run, &c, open, inbox.Of(env))
		},
	})
}

func title(c *Config) string {
	if c.Of == "" {
		return "a backend with " + strings.Join(parts(c), " and ")
	}
	return c.Of + " answers differently"
}

// parts says what the script of a backend is made of.
func parts(c *Config) []string {
	var out []string
	switch len(c.Routes) {
	case 0:
	case 1:
		out = append(out, "the route "+c.Routes[0].Path)
	default:
		out = append(out, count(len(c.Routes), "route"))
	}
	if c.Chat != nil {
		out = append(out, "a language model")
	}
	if len(out) == 0 {
		return []string{"one answer to all"}
	}
	return out
}

// local is the type of the names that expressions have: what is in a body is known only when it has come.
func local(_ *Config, _ *step.Place, name string) eval.Type {
	switch name {
	case "request":
		return inbox.Type()
	case "index":
		return eval.Type{Kind: eval.Int}
	case "prompt":
		return eval.Type{Kind: eval.String}
	case "groups":
		return eval.MapOf(eval.Type{Kind: eval.String})
	}
	return eval.AnyType
}
