package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
)

// States of an alert in Prometheus.
const (
	Pending = "pending"
	Firing  = "firing"
)

// Alert is an alert that Prometheus holds as pending or firing. Resolved ones are not listed.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

// Alerts lists the alerts that are pending or firing.
func (c Client) Alerts(ctx context.Context) ([]Alert, error) {
	r := endpoint.Request{Method: http.MethodGet, Path: "/api/v1/alerts"}
	e, err := c.api(ctx, r)
	if err != nil {
		return nil, err
	}
	var data struct {
		Alerts []Alert `json:"alerts"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, c.Garbage(r, string(e.Data))
	}
	return data.Alerts, nil
}

// Rule is an alerting rule that Prometheus has loaded.
type Rule struct {
	Name      string  `json:"name"`
	Query     string  `json:"query"`
	Duration  float64 `json:"duration"` // seconds of for
	Health    string  `json:"health"`
	LastError string  `json:"lastError"`

	Labels map[string]string `json:"labels"`
}

// Group is a group of alerting rules that Prometheus has loaded.
type Group struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Rules returns the alerting rules of one group, nil when there is no such group.
func (c Client) Rules(ctx context.Context, group string) ([]Rule, error) {
	groups, err := c.Groups(ctx)
	for _, g := range groups {
		if g.Name == group {
			return g.Rules, err
		}
	}
	return nil, err
}

// Groups returns all groups with their alerting rules.
func (c Client) Groups(ctx context.Context) ([]Group, error) {
	r := endpoint.Request{Method: http.MethodGet, Path: "/api/v1/rules", Query: url.Values{"type": {"alert"}}}
	e, err := c.api(ctx, r)
	if err != nil {
		return nil, err
	}
	var data struct {
		Groups []Group `json:"groups"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, c.Garbage(r, string(e.Data))
	}
	return data.Groups, nil
}

// Format returns an expression as Prometheus writes it once it has parsed it. What means the same is the same text then.
func (c Client) Format(ctx context.Context, expression string) (string, error) {
	r := endpoint.Request{Method: http.MethodGet, Path: "/api/v1/format_query", Query: url.Values{"query": {expression}}}
	e, err := c.api(ctx, r)
	if err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(e.Data, &text); err != nil {
		return "", c.Garbage(r, string(e.Data))
	}
	return text, nil
}

// Reload makes Prometheus read its configuration and its rules again.
func (c Client) Reload(ctx context.Context) error {
	_, err := c.Do(ctx, endpoint.Request{Method: http.MethodPost, Path: "/-/reload"})
	refused, ok := errors.AsType[*endpoint.StatusError](err)
	if ok && (refused.Status == http.StatusForbidden || refused.Status == http.StatusMethodNotAllowed) && strings.Contains(refused.Text, "ifecycle") {
		return fmt.Errorf("%w; start Prometheus with --web.enable-lifecycle, or use an Alertmanager directly", err)
	}
	return err
}
