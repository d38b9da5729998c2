package observe

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// page is a page of metrics.
type page struct {
	series []series // by name and labels
	values map[string]float64
}

type series struct {
	name   string
	labels map[string]string
	value  float64
	grows  bool // a counter, or a part of a histogram or summary, which only begins again from 0
}

// key writes name and labels as they stand on a page.
func (s series) key() string { return labelText(s.all()) }

// all returns the labels with the name.
func (s series) all() map[string]string {
	all := maps.Clone(s.labels)
	all[model.MetricNameLabel] = s.name
	return all
}

func parsePage(text string) (*page, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "text format parsing error in "))
	}
	p := &page{values: map[string]float64{}}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		kind := family.GetType().String()
		samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
		if err != nil {
			return nil, err
		}
		for _, sample := range samples {
			s := series{labels: map[string]string{}, value: float64(sample.Value), grows: kind == "COUNTER" || kind == "HISTOGRAM" || kind == "SUMMARY"}
			for label, value := range sample.Metric {
				s.labels[string(label)] = string(value)
			}
			s.name = s.labels[model.MetricNameLabel]
			delete(s.labels, model.MetricNameLabel)
			if _, quantile := s.labels["quantile"]; quantile {
				s.grows = false
			}
			p.series = append(p.series, s)
			p.values[s.key()] = s.value
		}
	}
	slices.SortStableFunc(p.series, func(a, b series) int { return cmp.Compare(a.key(), b.key()) })
	return p, nil
}

// chosen returns the series that have all of the labels, and a value: that of a summary which saw nothing is no number.
func (p *page) chosen(wanted map[string]string) []series {
	var out []series
	for _, s := range p.series {
		all, fits := s.all(), !math.IsNaN(s.value) && !math.IsInf(s.value, 0)
		for name, value := range wanted {
			fits = fits && all[name] == value
		}
		if fits {
			out = append(out, s)
		}
	}
	return out
}

// delta is by how much a series is more than on this earlier page. One that was not there yet was 0.
func (p *page) delta(now series) float64 {
	before := p.values[now.key()]
	if now.grows && now.value < before {
		return now.value // it began again
	}
	return now.value - before
}

// names lists the names of all series.
func (p *page) names() []string {
	var names []string
	for _, s := range p.series {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func anyLabels(labels map[string]string) map[string]any {
	out := make(map[string]any, len(labels))
	for name, value := range labels {
		out[name] = value
	}
	return out
}

// refusedPage says that a server gives no page.
func refusedPage(address string, r *web.Response) error {
	return &endpoint.StatusError{Request: "GET " + address, Status: r.Status, Text: cmp.Or(endpoint.Short(r.Text, 80), "(no explanation)")}
}
