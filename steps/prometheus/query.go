package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
)

// Client asks a Prometheus.
type Client struct{ *endpoint.Conn }

// Types of results.
const (
	Scalar = "scalar"
	Text   = "string"
	Vector = "vector"
	Matrix = "matrix"
)

// Result is the answer to a query.
type Result struct {
	Type     string // Scalar, Text, Vector or Matrix
	Samples  []Sample
	Text     string // of a string
	Warnings []string
}

// Sample is one time series of a result. That of a scalar has no labels.
type Sample struct {
	Labels map[string]string
	Points []Point // one, except of a matrix
}

// Point is a value at a time.
type Point struct {
	At    time.Time
	Value float64
}

// Instant asks for the value of an expression at a time, now when it is zero.
func (c Client) Instant(ctx context.Context, query string, at time.Time) (Result, error) {
	form := url.Values{"query": {query}}
	if !at.IsZero() {
		form.Set("time", stamp(at))
	}
	return c.query(ctx, "/api/v1/query", form)
}

// Range is a span of time that is looked at in steps.
type Range struct {
	Start, End time.Time
	Step       time.Duration
}

// Range asks for the values of an expression over a span of time.
func (c Client) Range(ctx context.Context, query string, r Range) (Result, error) {
	return c.query(ctx, "/api/v1/query_range", url.Values{
		"query": {query}, "start": {stamp(r.Start)}, "end": {stamp(r.End)}, "step": {strconv.FormatFloat(r.Step.Seconds(), 'f', -1, 64)},
	})
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// envelope is around every answer of the API.
type envelope struct {
	Status   string          `json:"status"`
	Data     json.RawMessage `json:"data"`
	Error    string          `json:"error"`
	Warnings []string        `json:"warnings"`
}

// api asks and opens the envelope.
func (c Client) api(ctx context.Context, r endpoint.Request) (envelope, error) {
	var e envelope
	if err := c.JSON(ctx, r, &e); err != nil {
		return e, err
	}
	if e.Status != "success" || e.Data == nil {
		return e, c.Garbage(r, e.Status+" "+e.Error)
	}
	return e, nil
}

func (c Client) query(ctx context.Context, path string, form url.Values) (Result, error) {
	r := endpoint.Request{
		Method: http.MethodPost, Path: path, Body: []byte(form.Encode()),
		Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}
	e, err := c.api(ctx, r)
	if err != nil {
		return Result{}, err
	}
	var data struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return Result{}, c.Garbage(r, string(e.Data))
	}
	out := Result{Type: data.Type, Warnings: e.Warnings}
	if err := out.read(data.Result); err != nil {
		return Result{}, fmt.Errorf("%w: %w", c.Garbage(r, string(data.Result)), err)
	}
	return out, nil
}

func (r *Result) read(data json.RawMessage) error {
	switch r.Type {
	case Scalar:
		var p Point
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		r.Samples = []Sample{{Labels: map[string]string{}, Points: []Point{p}}}
	case Text:
		var pair [2]any
		if err := json.Unmarshal(data, &pair); err != nil {
			return err
		}
		r.Text, _ = pair[1].(string)
	case Vector, Matrix:
		var all []struct {
			Metric map[string]string `json:"metric"`
			Value  *Point            `json:"value"`
			Values []Point           `json:"values"`
		}
		if err := json.Unmarshal(data, &all); err != nil {
			return err
		}
		for _, s := range all {
			if s.Value != nil {
				s.Values = []Point{*s.Value}
			}
			if len(s.Values) == 0 {
				continue // a native histogram, which has no single value
			}
			r.Samples = append(r.Samples, Sample{Labels: s.Metric, Points: s.Values})
		}
	default:
		return fmt.Errorf("unknown type of result %q", r.Type)
	}
	return nil
}

// UnmarshalJSON reads a pair of seconds and a number in quotes.
func (p *Point) UnmarshalJSON(data []byte) error {
	var seconds float64
	var text string
	if err := json.Unmarshal(data, &[]any{&seconds, &text}); err != nil {
		return err
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("expected a number, found %q", text)
	}
	p.At, p.Value = time.UnixMilli(int64(seconds*1000+0.5)).UTC(), value
	return nil
}

// Values returns the series as expressions see them, in the order in which Prometheus gives them.
func (r Result) Values() []any {
	out := make([]any, len(r.Samples))
	for i, s := range r.Samples {
		labels := make(map[string]any, len(s.Labels))
		for name, value := range s.Labels {
			labels[name] = value
		}
		points := make([]any, len(s.Points))
		for j, p := range s.Points {
			points[j] = map[string]any{"at": p.At, "value": p.Value}
		}
		last := s.Points[len(s.Points)-1]
		out[i] = map[string]any{"labels": labels, "value": last.Value, "at": last.At, "points": points}
	}
	return out
}
