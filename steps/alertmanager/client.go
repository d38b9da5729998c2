// Package alertmanager is a client of version 2 of Alertmanager's API: alerts and silences. It is shared by steps and
// sources, and is no step; how a server is reached is in package endpoint.
package alertmanager

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
)

// Client asks an Alertmanager.
type Client struct{ *endpoint.Conn }

// States of an alert in Alertmanager.
const (
	Active      = "active"
	Suppressed  = "suppressed"
	Unprocessed = "unprocessed"
)

// Alert is an alert that Alertmanager lists. Resolved ones are not listed.
type Alert struct {
	Fingerprint  string            `json:"fingerprint"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Receivers    []struct {
		Name string `json:"name"`
	} `json:"receivers"`
	Status struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

// Alerts lists the alerts that all matchers choose, suppressed ones included.
func (c Client) Alerts(ctx context.Context, matchers []Matcher) ([]Alert, error) {
	query := url.Values{"active": {"true"}, "silenced": {"true"}, "inhibited": {"true"}, "unprocessed": {"true"}}
	for _, m := range matchers {
		query.Add("filter", m.String())
	}
	var out []Alert
	err := c.JSON(ctx, endpoint.Request{Method: http.MethodGet, Path: "/api/v2/alerts", Query: query}, &out)
	return out, err
}

// Posted is an alert as the API takes it.
type Posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Ended returns the alert as one that ends at a time.
func (a Alert) Ended(at time.Time) Posted {
	start := a.StartsAt
	if start.After(at) {
		start = at
	}
	return Posted{Labels: a.Labels, Annotations: a.Annotations, StartsAt: start, EndsAt: at, GeneratorURL: a.GeneratorURL}
}

// Post fires alerts, or ends those whose end is over.
func (c Client) Post(ctx context.Context, alerts []Posted) error {
	return c.send(ctx, "/api/v2/alerts", alerts, nil)
}

// send posts a value as JSON and reads the answer into out unless it is nil.
func (c Client) send(ctx context.Context, path string, value, out any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	r := endpoint.Request{Method: http.MethodPost, Path: path, Body: body, Headers: map[string]string{"Content-Type": "application/json"}}
	if out == nil {
		_, err = c.Do(ctx, r)
		return err
	}
	return c.JSON(ctx, r, out)
}
