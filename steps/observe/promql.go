package observe

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// PromQL is the source that is the value of a PromQL expression.
type PromQL struct {
	Query  string            `yaml:"query" required:"true" shorthand:"true" doc:"PromQL expression." example:"sum(rate(http_requests_total[1m]))"`
	Server *endpoint.Address `yaml:"server" doc:"The Prometheus that is asked. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9090"`
	Every  time.Duration     `yaml:"every" doc:"Time between two looks; 500ms if not given." example:"1s"`
}

func (s *PromQL) text() string {
	return "samples of " + cmp.Or(endpoint.Short(s.Query, 80), "a query")
}

func (*PromQL) traits() Traits { return Traits{Name: "samples", Lists: true, Asked: true} }

func (s *PromQL) check(path string, p *step.Problems) {
	at := path + ".query"
	if !p.Given(at) {
		at = path
	}
	if strings.TrimSpace(s.Query) == "" && !p.Dynamic(at) {
		p.At(at, "promql needs query: a PromQL expression such as up == 0")
	}
	checkEvery(path, s.Every, p)
}

func (s *PromQL) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	conn, err := endpoint.Open(ctx, env.Settings(), run, settings.Prometheus, s.Server)
	if err != nil {
		return nil, err
	}
	client := prometheus.Client{Conn: conn}
	f := &polled{name: s.text(), every: interval(s.Every), run: run}
	f.ask = func(ctx context.Context) (Look, error) {
		defer conn.Close()
		result, err := client.Instant(ctx, s.Query, time.Time{})
		if err != nil {
			return Look{}, err
		}
		return sampleLook(f.name, result), nil
	}
	return f, nil
}

func sampleLook(name string, result prometheus.Result) Look {
	values := result.Values()
	lines := make([]string, len(result.Samples))
	for i, s := range result.Samples {
		lines[i] = SampleText(s)
	}
	return Look{Value: values, Items: values, At: time.Now(), evidence: lines, describe: func() string { return listText(name, lines) }}
}

// SampleText writes a sample for people: {job="web"} 0.25.
func SampleText(s prometheus.Sample) string {
	last := strconv.FormatFloat(s.Points[len(s.Points)-1].Value, 'g', -1, 64)
	if len(s.Labels) == 0 {
		return last
	}
	return labelText(s.Labels) + " " + last
}

// labelText writes labels as Prometheus does.
func labelText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" {
			parts = append(parts, fmt.Sprintf("%s=%q", name, labels[name]))
		}
	}
	return labels["__name__"] + "{" + strings.Join(parts, ", ") + "}"
}

// listText says how many items there are, and shows one.
func listText(name string, lines []string) string {
	switch len(lines) {
	case 0:
		return name + ": none"
	case 1:
		return name + ": " + lines[0]
	}
	return fmt.Sprintf("%s: %d, the first one %s", name, len(lines), lines[0])
}

// SampleFields are the fields of a sample in expressions.
func SampleFields() []eval.Field {
	number, at := eval.Type{Kind: eval.Float}, eval.Type{Kind: eval.Time}
	point := eval.ObjectOf(func() []eval.Field {
		return []eval.Field{{Name: "at", Doc: "When.", Type: at}, {Name: "value", Doc: "The value then.", Type: number}}
	})
	return []eval.Field{
		{Name: "labels", Doc: "Labels, the name of the metric as __name__.", Type: eval.MapOf(eval.Type{Kind: eval.String})},
		{Name: "value", Doc: "The value, the last one of a range.", Type: number},
		{Name: "at", Doc: "When the value was true.", Type: at},
		{Name: "points", Doc: "All values, oldest first.", Type: eval.ListOf(point)},
	}
}
