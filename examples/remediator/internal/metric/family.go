package metric

import (
	"fmt"
	"maps"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
)

// buckets suit actions that take from one API call to a slow rollout.
func buckets() []float64 { return []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300} }

// counter is a family of counters told apart by labels.
type counter struct {
	name, help string
	labels     []string

	mu     sync.Mutex
	series map[string]float64
}

// newCounter returns a family without series.
func newCounter(name, help string, labels ...string) *counter {
	return &counter{name: name, help: help, labels: labels, series: make(map[string]float64)}
}

// add counts one more for the given label values.
func (c *counter) add(values ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.series[labelText(c.labels, values)]++
}

// write writes the family.
func (c *counter) write(text *strings.Builder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	header(text, c.name, c.help, "counter")
	for _, labels := range slices.Sorted(maps.Keys(c.series)) {
		fmt.Fprintf(text, "%s%s %s\n", c.name, labels, number(c.series[labels]))
	}
}

// gauge writes a family with one value and no labels.
func gauge(text *strings.Builder, name, help string, value float64) {
	header(text, name, help, "gauge")
	fmt.Fprintf(text, "%s %s\n", name, number(value))
}

// memory returns how much memory the process has from the system and has not given back.
func memory() float64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return float64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// histogram is a family of histograms told apart by one label.
type histogram struct {
	name, help, label string
	bounds            []float64

	mu     sync.Mutex
	series map[string]*distribution
}

// distribution is one histogram: how many values fell under each bound, and their sum.
type distribution struct {
	under []uint64
	count uint64
	sum   float64
}

// newHistogram returns a family without series.
func newHistogram(name, help, label string) *histogram {
	return &histogram{name: name, help: help, label: label, bounds: buckets(), series: make(map[string]*distribution)}
}

// observe adds one value to the histogram of a label value.
func (h *histogram) observe(value float64, labelValue string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	series, found := h.series[labelValue]
	if !found {
		series = &distribution{under: make([]uint64, len(h.bounds))}
		h.series[labelValue] = series
	}
	for i, bound := range h.bounds {
		if value <= bound {
			series.under[i]++
		}
	}
	series.count++
	series.sum += value
}

// write writes the family.
func (h *histogram) write(text *strings.Builder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	header(text, h.name, h.help, "histogram")
	for _, value := range slices.Sorted(maps.Keys(h.series)) {
		series := h.series[value]
		for i, bound := range h.bounds {
			labels := labelText([]string{h.label, "le"}, []string{value, number(bound)})
			fmt.Fprintf(text, "%s_bucket%s %d\n", h.name, labels, series.under[i])
		}
		infinite := labelText([]string{h.label, "le"}, []string{value, "+Inf"})
		labels := labelText([]string{h.label}, []string{value})
		fmt.Fprintf(text, "%s_bucket%s %d\n%s_sum%s %s\n%s_count%s %d\n",
			h.name, infinite, series.count, h.name, labels, number(series.sum), h.name, labels, series.count)
	}
}
