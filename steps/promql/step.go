// Package promql is the step that asks Prometheus for the value of an expression, now or over a span of time. The source
// of the same name, for waitFor and assert, is in package observe; the client is in package prometheus.
package promql

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

//go:embed README.md
var doc string

// Config is what the author writes under promql.
type Config struct {
	Query  string            `yaml:"query" required:"true" shorthand:"true" doc:"PromQL expression." example:"sum(rate(http_requests_total[1m]))"`
	Server *endpoint.Address `yaml:"server" doc:"The Prometheus that is asked. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9090"`
	At     string            `yaml:"at" doc:"When the expression is evaluated, as in 2026-01-31T12:00:00Z. Without it, now." example:"\"${{ steps.load.startedAt }}\""`
	Range  *Span             `yaml:"range" doc:"Evaluate the expression over a span of time instead." example:"{last: 5m, step: 15s}"`
}

// Span is the span of time that a query looks at.
type Span struct {
	Last  time.Duration `yaml:"last" shorthand:"true" doc:"The time up to now, or up to end." example:"5m"`
	Start string        `yaml:"start" doc:"Beginning, as in 2026-01-31T12:00:00Z."`
	End   string        `yaml:"end" doc:"End. Without it, now."`
	Step  time.Duration `yaml:"step" doc:"Time between two points; a hundredth of the span if not given, and at least 1s." example:"15s"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Value    any           `expr:"value" doc:"The value of the only sample: a number, or a text. Nil when there is no sample or more than one."`
	Samples  []any         `expr:"samples" doc:"All series with labels, value, at and points."`
	Count    int           `expr:"count" doc:"Number of series."`
	Type     string        `expr:"type" doc:"scalar, string, vector or matrix."`
	Warnings []string      `expr:"warnings" doc:"What Prometheus warns of."`
	Took     time.Duration `expr:"took" doc:"How long the answer took."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "promql", Group: step.Alerts, Doc: doc,
		Check:   func(c *Config, p *step.Problems) { check(c, env.Settings(), p) },
		Title:   func(c *Config) string { return endpoint.Short(c.Query, 60) },
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Refine: func(_ *Config, _ *step.Place, t eval.Type) eval.Type {
			f, _ := t.Field("samples")
			return t.With("samples", f.Doc, eval.ListOf(eval.ObjectOf(observe.SampleFields)))
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) { return ask(ctx, run, env, &c) },
	})
}

func check(c *Config, s *settings.Settings, p *step.Problems) {
	c.Server.Check("server", settings.Prometheus, s, p)
	if strings.TrimSpace(c.Query) == "" && p.Given("query") && !p.Dynamic("query") {
		p.At("query", "query is empty; expected a PromQL expression such as up == 0")
	}
	moment("at", c.At, p)
	if c.Range == nil {
		return
	}
	if p.Given("at") {
		p.AtKey("range", "exclusive-fields", "only one of at, range can be given")
	}
	if !p.Given("range.start") && c.Range.Last <= 0 && !p.Dynamic("range.last") {
		p.At("range", "range needs last, as in 5m, or start")
	}
	if c.Range.Start != "" && c.Range.Last != 0 {
		p.AtKey("range.last", "exclusive-fields", "only one of last, start can be given")
	}
	if c.Range.Step < 0 {
		p.At("range.step", "step: expected a positive duration, found %s", c.Range.Step)
	}
	start, end := moment("range.start", c.Range.Start, p), moment("range.end", c.Range.End, p)
	if !start.IsZero() && !end.IsZero() && !end.After(start) {
		p.At("range.end", "the span ends before it starts")
	}
}

// moment parses a time that was given. p is nil when that was checked before.
func moment(path, text string, p *step.Problems) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil && p != nil {
		p.At(path, "%q is no time; write it as in 2026-01-31T12:00:00Z", text)
	}
	return t
}

// span works out what is asked for at a time.
func (s Span) span(now time.Time) prometheus.Range {
	r := prometheus.Range{Start: moment("", s.Start, nil), End: moment("", s.End, nil), Step: s.Step}
	if r.End.IsZero() {
		r.End = now
	}
	if r.Start.IsZero() {
		r.Start = r.End.Add(-s.Last)
	}
	if r.Step == 0 {
		const points = 100
		r.Step = max(time.Second, (r.End.Sub(r.Start) / points).Round(time.Second))
	}
	return r
}

func ask(ctx context.Context, run *step.Run, env *kube.Env, c *Config) (Outputs, error) {
	conn, err := endpoint.Open(ctx, env.Settings(), run, settings.Prometheus, c.Server)
	if err != nil {
		return Outputs{}, err
	}
	defer conn.Close()
	client := prometheus.Client{Conn: conn}
	start := time.Now()
	var result prometheus.Result
	if c.Range != nil {
		result, err = client.Range(ctx, c.Query, c.Range.span(start))
	} else {
		result, err = client.Instant(ctx, c.Query, moment("", c.At, nil))
	}
	if refused, ok := errors.AsType[*endpoint.StatusError](err); ok && refused.Status == http.StatusBadRequest {
		return Outputs{}, &step.Failure{Verdict: step.Errored, Message: "Prometheus does not accept the query: " + refused.Text}
	}
	if err != nil {
		return Outputs{}, err
	}
	out := Outputs{Samples: result.Values(), Count: len(result.Samples), Type: result.Type, Warnings: result.Warnings, Took: time.Since(start)}
	switch {
	case result.Type == prometheus.Text:
		out.Value = result.Text
	case len(result.Samples) == 1:
		points := result.Samples[0].Points
		out.Value = points[len(points)-1].Value
	}
	return out, nil
}
