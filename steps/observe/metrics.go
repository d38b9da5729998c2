package observe

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// Metrics is the source that is the series of a page of metrics, as a program shows them to Prometheus.
type Metrics struct {
	URL     string            `yaml:"url" required:"true" shorthand:"true" doc:"Address of the page." example:"http://127.0.0.1:9100/metrics"`
	Name    string            `yaml:"name" doc:"Name of the series, as they stand on the page: http_requests_total, latency_seconds_count. Without it, all." example:"http_requests_total"`
	Labels  map[string]string `yaml:"labels" doc:"Labels that the series have." example:"{code: '500'}"`
	Since   eval.Text         `yaml:"since" doc:"The page as it was before, the text that a step http got. Each series then has delta: by how much it grew since." example:"${{ steps.before.text }}"`
	Headers map[string]string `yaml:"headers" doc:"Request headers." example:"{Authorization: 'Bearer ${{ secrets.token }}'}"`
	TLS     *web.TLS          `yaml:"tls" doc:"Whom to trust."`
	Every   time.Duration     `yaml:"every" doc:"Time between two looks; 500ms if not given." example:"1s"`
}

func (s *Metrics) text() string {
	text := "series"
	if s.Name != "" || len(s.Labels) > 0 {
		text = labelText(s.wanted())
	}
	address := s.URL
	if u, err := url.Parse(address); err == nil {
		address = u.Redacted()
	}
	return text + " at " + cmp.Or(address, "a page of metrics")
}

// wanted is the labels that series must have, with the name as Prometheus has it.
func (s *Metrics) wanted() map[string]string {
	wanted := maps.Clone(s.Labels)
	if wanted == nil {
		wanted = map[string]string{}
	}
	if s.Name != "" {
		wanted[model.MetricNameLabel] = s.Name
	}
	return wanted
}

func (*Metrics) traits() Traits { return Traits{Name: "samples", Lists: true, Asked: true} }

func (s *Metrics) check(path string, p *step.Problems) {
	if address, err := url.Parse(s.URL); !p.Dynamic(path) && !p.Dynamic(path+".url") {
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			p.At(path, "expected an address such as http://127.0.0.1:9100/metrics, found %q", s.URL)
		}
	}
	if s.Name != "" && !model.UTF8Validation.IsValidMetricName(s.Name) || strings.ContainsAny(s.Name, "{}") {
		p.At(path+".name", "%q is no name of a series; labels have a field of their own", s.Name)
	}
	s.TLS.Check(path+".tls", p)
	checkEvery(path, s.Every, p)
}

// fields are those of a series in expressions.
func (s *Metrics) fields() []eval.Field {
	number := eval.Type{Kind: eval.Float}
	out := []eval.Field{
		{Name: "name", Doc: "Name of the series.", Type: eval.Type{Kind: eval.String}},
		{Name: "labels", Doc: "Labels of the series, without its name.", Type: eval.MapOf(eval.Type{Kind: eval.String})},
		{Name: "value", Doc: "Value of the series.", Type: number},
	}
	if !s.Since.Empty() {
		out = append(out, eval.Field{Name: "delta", Doc: "By how much it grew since the earlier page. A counter that began again counts from 0.", Type: number})
	}
	return out
}

func (s *Metrics) open(_ context.Context, run *step.Run, _ *kube.Env) (Feed, error) {
	for _, secret := range web.Secrets(s.Headers, s.URL) {
		run.Host.Mask(secret)
	}
	f := &metricsFeed{config: s, name: s.text(), run: run}
	if s.Since.Empty() {
		return f, nil
	}
	text, err := s.Since.Eval(run.Scope)
	if err != nil {
		return nil, fmt.Errorf("since: %w", err)
	}
	if f.before, err = parsePage(text); err != nil {
		return nil, fmt.Errorf("since is no page of metrics: %w", err)
	}
	return f, nil
}

type metricsFeed struct {
	config *Metrics
	name   string
	run    *step.Run
	before *page // nil when nothing is compared
}

// Once reads the page.
func (f *metricsFeed) Once(ctx context.Context) (Look, error) { return f.polled().Once(ctx) }

// Watch reads the page again and again.
func (f *metricsFeed) Watch(ctx context.Context, every bool, see func(Look) (bool, error)) error {
	return f.polled().Watch(ctx, every, see)
}

// Explain shows the series of a look.
func (f *metricsFeed) Explain(ctx context.Context, l Look) []step.Section {
	return f.polled().Explain(ctx, l)
}

func (f *metricsFeed) polled() *polled {
	return &polled{name: f.name, every: interval(f.config.Every), run: f.run, ask: f.ask, late: true}
}

func (f *metricsFeed) ask(ctx context.Context) (Look, error) {
	client, err := web.NewClient(f.config.TLS, f.run.Folder(), askTimeout, true)
	if err != nil {
		return Look{}, err
	}
	defer client.Close()
	headers := map[string]string{"Accept": "text/plain;version=0.0.4"}
	maps.Copy(headers, f.config.Headers)
	request := web.Request{Method: http.MethodGet, URL: f.config.URL, Headers: headers}
	response, err := client.Do(ctx, request)
	if err != nil {
		return Look{}, err
	}
	if response.Status != http.StatusOK {
		return Look{}, refusedPage(request.Address(), response)
	}
	now, err := parsePage(response.Text)
	if err != nil {
		return Look{}, fmt.Errorf("%s is no page of metrics: %w", request.Address(), err)
	}
	return f.look(now), nil
}

func (f *metricsFeed) look(now *page) Look {
	items, lines := []any{}, []string(nil)
	for _, s := range now.chosen(f.config.wanted()) {
		item := map[string]any{"name": s.name, "labels": anyLabels(s.labels), "value": s.value}
		line := s.key() + " " + strconv.FormatFloat(s.value, 'g', -1, 64)
		if f.before != nil {
			delta := f.before.delta(s)
			item["delta"] = delta
			line += ", " + strconv.FormatFloat(delta, 'g', -1, 64) + " more than before"
		}
		items, lines = append(items, item), append(lines, line)
	}
	return Look{Value: items, Items: items, At: time.Now(), evidence: lines, describe: func() string {
		if len(lines) == 0 {
			return f.name + ": none" + f.hint(now)
		}
		return listText(f.name, lines)
	}}
}

// hint says what is there instead of series that are not: a metric that nobody counts is often one with another name.
func (f *metricsFeed) hint(now *page) string {
	names := now.names()
	if f.config.Name == "" || slices.Contains(names, f.config.Name) {
		return fmt.Sprintf(" of the %d on the page", len(now.series))
	}
	return fmt.Sprintf("; none of the %d names on the page is %q%s", len(names), f.config.Name, diag.DidYouMean(f.config.Name, names))
}
