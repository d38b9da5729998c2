package firealert

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// everyLabel in groupBy gives each alert a group of its own, as in Alertmanager's configuration.
const everyLabel = "..."

// payload is what Alertmanager sends to a webhook, version 4.
type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []notified        `json:"alerts"`
}

// notified is one alert of a payload.
type notified struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while it fires
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// webhook is the route straight to a receiver, in Alertmanager's place.
type webhook struct {
	client *web.Client
	to     To
}

// send posts one payload for each group of alerts.
func (h *webhook) send(ctx context.Context, alerts []alert, status model.AlertStatus) (*web.Response, error) {
	var last *web.Response
	for _, p := range h.payloads(alerts, status) {
		r, err := post(ctx, h.client, h.to.Webhook, h.to.Headers, p)
		if err != nil {
			return r, err
		}
		last = r
	}
	return last, nil
}

// payloads groups alerts as Alertmanager does, in the order of their first alert.
func (h *webhook) payloads(alerts []alert, status model.AlertStatus) []payload {
	var order []string
	groups := map[string][]alert{}
	for _, a := range alerts {
		key := h.groupKey(a)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], a)
	}
	out := make([]payload, len(order))
	for i, key := range order {
		out[i] = h.payload(key, groups[key], status)
	}
	return out
}

func (h *webhook) groupLabels(a alert) map[string]string {
	if slices.Contains(h.to.GroupBy, everyLabel) {
		return a.Labels
	}
	out := map[string]string{}
	for _, name := range h.to.GroupBy {
		if value, ok := a.Labels[name]; ok {
			out[name] = value
		}
	}
	return out
}

// groupKey is written as Alertmanager writes it for a route without matchers: {}:{alertname="X"}.
func (h *webhook) groupKey(a alert) string { return "{}:" + labelSet(h.groupLabels(a)).String() }

func (h *webhook) payload(key string, alerts []alert, status model.AlertStatus) payload {
	p := payload{
		Version: "4", GroupKey: key, Status: string(status), Receiver: h.to.Receiver, ExternalURL: h.to.ExternalURL,
		GroupLabels:  h.groupLabels(alerts[0]),
		CommonLabels: maps.Clone(alerts[0].Labels), CommonAnnotations: maps.Clone(alerts[0].Annotations),
	}
	for _, a := range alerts {
		intersect(p.CommonLabels, a.Labels)
		intersect(p.CommonAnnotations, a.Annotations)
		n := notified{
			Status: string(status), Labels: a.Labels, Annotations: a.Annotations,
			StartsAt: a.StartsAt, GeneratorURL: a.GeneratorURL, Fingerprint: a.fingerprint(),
		}
		if status == model.AlertResolved {
			n.EndsAt = a.EndsAt
		}
		p.Alerts = append(p.Alerts, n)
	}
	return p
}

// intersect removes from common what other does not have in the same way.
func intersect(common, other map[string]string) {
	maps.DeleteFunc(common, func(name, value string) bool {
		v, ok := other[name]
		return !ok || v != value
	})
}

// names lists the names of alerts for people, each once.
func names(alerts []alert) string {
	var all []string
	for _, a := range alerts {
		all = append(all, a.Labels[alertname])
	}
	slices.Sort(all)
	all = slices.Compact(all)
	const shown = 3
	if len(all) > shown {
		all = append(all[:shown], "…")
	}
	if len(alerts) > 1 {
		return fmt.Sprintf("%d alerts (%s)", len(alerts), strings.Join(all, ", "))
	}
	return "alert " + strings.Join(all, ", ")
}
