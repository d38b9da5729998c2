// Package loadtest is the step that sends requests at a given rate and measures how they are answered. Bursts that prove
// something about races are what http is for, and time of other things is measured by benchmark.
package loadtest

import (
	"context"
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

//go:embed README.md
var doc string

// Config is what the author writes under `loadTest`.
type Config struct {
	URL            eval.Text         `yaml:"url" required:"true" scope:"index" doc:"Address of each request. Expressions see its number as index, which starts at 0." example:"http://127.0.0.1:8080/orders/${{ index % 100 }}"`
	Method         string            `yaml:"method" doc:"Method of the requests. Without it, POST when there is something to send, else GET."`
	Headers        map[string]string `yaml:"headers" doc:"Headers of the requests." example:"{Authorization: 'Bearer ${{ secrets.token }}'}"`
	JSON           eval.Tree         `yaml:"json" scope:"index" doc:"Value to send as JSON." example:"{item: '${{ index % 10 }}'}"`
	Body           eval.Text         `yaml:"body" scope:"index" doc:"Text to send."`
	Rate           float64           `yaml:"rate" doc:"Requests per second." example:"50"`
	Duration       time.Duration     `yaml:"duration" doc:"How long requests are sent." example:"30s"`
	Stages         []Stage           `yaml:"stages" doc:"Several rates, one after the other, instead of rate and duration." example:"[{rate: 10, duration: 10s}, {rate: 10, to: 100, duration: 30s}]"`
	MaxInFlight    int               `yaml:"maxInFlight" doc:"How many requests may wait for their answers. One that is due then is not sent, and counts as failed." example:"200"`
	RequestTimeout time.Duration     `yaml:"requestTimeout" doc:"How long one request may take." example:"10s"`
	TLS            *web.TLS          `yaml:"tls" doc:"Whom to trust."`
	Expect         *Expect           `yaml:"expect" doc:"What must come of it. Without that, every request must succeed."`
}

// Stage is a time with a rate of its own.
type Stage struct {
	Rate     float64       `yaml:"rate" required:"true" doc:"Requests per second, at the beginning when to is given." example:"10"`
	To       *float64      `yaml:"to" doc:"Requests per second at the end; the rate changes evenly." example:"100"`
	Duration time.Duration `yaml:"duration" required:"true" doc:"How long the stage lasts." example:"30s"`
}

// Expect says what must come of a load test.
type Expect struct {
	Status []int             `yaml:"status" single:"true" doc:"Status codes of a request that succeeded. Without it, 200 to 299." example:"[200, 201]"`
	That   []eval.Expr[bool] `yaml:"that" single:"true" scope:"result" doc:"Conditions on the outputs, as result. All are checked, and all that are false are reported." example:"[result.p95 < duration('300ms'), result.errorRate <= 0.01]"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Requests  int            `expr:"requests" doc:"How many requests were due."`
	Succeeded int            `expr:"succeeded" doc:"How many were answered as they should."`
	Failed    int            `expr:"failed" doc:"How many were not."`
	ErrorRate float64        `expr:"errorRate" doc:"Share of those that failed, from 0 to 1."`
	Errors    map[string]int `expr:"errors" doc:"How many failed for which reason."`
	Statuses  map[string]int `expr:"statuses" doc:"How many answers had which status, by status code."`
	Late      int            `expr:"late" doc:"How many left more than 100ms after they were due, because this machine was busy. Their times hold this delay."`
	Rate      float64        `expr:"rate" doc:"Answers as they should be, per second."`
	Mean      time.Duration  `expr:"mean" doc:"Mean time from when a request was due to the end of its answer."`
	Min       time.Duration  `expr:"min" doc:"Shortest such time."`
	P50       time.Duration  `expr:"p50" doc:"Time within which half of the answers came."`
	P90       time.Duration  `expr:"p90" doc:"Time within which 90 % of the answers came."`
	P95       time.Duration  `expr:"p95" doc:"Time within which 95 % of the answers came."`
	P99       time.Duration  `expr:"p99" doc:"Time within which 99 % of the answers came."`
	Max       time.Duration  `expr:"max" doc:"Longest such time."`
	Took      time.Duration  `expr:"took" doc:"How long it all took."`
}

// New returns the definition of the step. env holds the policy.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "loadTest",
		Group:   step.Services,
		Doc:     doc,
		Judges:  true,
		Timeout: -1, // its stages are its limit
		Default: func() Config { return Config{RequestTimeout: usualRequestTimeout, MaxInFlight: usualInFlight} },
		Check:   func(c *Config, p *step.Problems) { check(c, env.Settings(), p) },
		TitleAs: title,
		Touches: touches,
		Names: func(_ *Config, _ *step.Place, name string) eval.Type {
			switch name {
			case "result":
				return eval.TypeOfStruct(reflect.TypeFor[Outputs]())
			case "index":
				return eval.Type{Kind: eval.Int}
			}
			return eval.AnyType
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return perform(ctx, run, &c)
		},
	})
}

func title(c *Config, w step.Written) string {
	text := fmt.Sprintf("load on %s %s", method(c, w.Given("json") || w.Given("body")), w.Text("url"))
	if stages := c.stages(); len(stages) == 1 && stages[0].Rate > 0 && stages[0].Duration > 0 {
		text += fmt.Sprintf(", %g a second for %s", stages[0].Rate, stages[0].Duration)
	}
	return text
}

func touches(c, _ *Config, w step.Written) []step.Touch {
	return []step.Touch{{
		Effect: step.Sends, Verb: "send", Count: count(c.stages()),
		What: fmt.Sprintf("requests %s %s", method(c, w.Given("json") || w.Given("body")), w.Text("url")),
	}}
}

func method(c *Config, sends bool) string {
	switch {
	case c.Method != "":
		return strings.ToUpper(c.Method)
	case sends:
		return "POST"
	}
	return "GET"
}
