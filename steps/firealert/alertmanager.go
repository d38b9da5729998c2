package firealert

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	mostInRequest = 500
	firstLook     = 20 * time.Millisecond
	lastLook      = 500 * time.Millisecond
	proofLimit    = 10 * time.Second // Alertmanager lists an alert at once; this is for one that is busy
)

// apiRoute is the route through the API of an Alertmanager.
type apiRoute struct {
	client *web.Client
	to     To
	quiet  bool // the alerts are expected to be suppressed
}

func (m *apiRoute) url() string {
	base := strings.TrimRight(m.to.Alertmanager, "/")
	return strings.TrimSuffix(strings.TrimSuffix(base, "/alerts"), "/api/v2") + "/api/v2/alerts"
}

// send posts alerts. One that is known already is updated.
func (m *apiRoute) send(ctx context.Context, alerts []alert) (*web.Response, error) {
	var last *web.Response
	for chunk := range slices.Chunk(alerts, mostInRequest) {
		r, err := post(ctx, m.client, m.url(), m.to.Headers, chunk)
		if err != nil {
			return r, err
		}
		last = r
	}
	return last, nil
}

// post sends a value as JSON and wants an answer that accepts it.
func post(ctx context.Context, client *web.Client, address string, headers map[string]string, value any) (*web.Response, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	request := web.Request{Method: "POST", URL: address, Body: body, Headers: withType(headers)}
	r, err := client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if r.Status < 200 || r.Status > 299 {
		return r, fmt.Errorf("POST %s was refused with status %d: %s", request.Address(), r.Status, short(r.Text))
	}
	return r, nil
}

func withType(headers map[string]string) map[string]string {
	out := map[string]string{"Content-Type": "application/json"}
	for name, value := range headers {
		out[name] = value
	}
	return out
}

// short is the beginning of an answer, on one line.
func short(text string) string {
	const shown = 300
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > shown {
		return string(r[:shown]) + "…"
	}
	if text == "" {
		return "(no explanation)"
	}
	return text
}

// listed is what Alertmanager says of an alert.
type listed struct {
	Fingerprint string `json:"fingerprint"`
	Status      struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

// list returns what Alertmanager holds of alerts, by fingerprint. Resolved ones are not listed.
func (m *apiRoute) list(ctx context.Context, alerts []alert) (map[string]listed, error) {
	query := url.Values{"active": {"true"}, "silenced": {"true"}, "inhibited": {"true"}, "unprocessed": {"true"}}
	for _, name := range []string{IdentityLabel, alertname} {
		if value, same := common(alerts, name); same {
			query.Add("filter", fmt.Sprintf("%s=%q", name, value))
		}
	}
	request := web.Request{Method: "GET", URL: m.url() + "?" + query.Encode(), Headers: m.to.Headers}
	r, err := m.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if r.Status != 200 {
		return nil, fmt.Errorf("GET %s was refused with status %d: %s", m.url(), r.Status, short(r.Text))
	}
	var all []listed
	if err := json.Unmarshal([]byte(r.Text), &all); err != nil {
		return nil, fmt.Errorf("GET %s did not answer as an Alertmanager does: %w", m.url(), err)
	}
	out := make(map[string]listed, len(all))
	for _, l := range all {
		out[l.Fingerprint] = l
	}
	return out, nil
}

// common returns the value of a label when all alerts have the same.
func common(alerts []alert, name string) (string, bool) {
	value := alerts[0].Labels[name]
	return value, value != "" && !slices.ContainsFunc(alerts, func(a alert) bool { return a.Labels[name] != value })
}

// prove waits until Alertmanager lists every alert. It has no way of telling us, so it is asked, at growing intervals.
func (m *apiRoute) prove(ctx context.Context, run *step.Run, alerts []alert) error {
	var missing int
	ok, err := repeatedly(ctx, func() (bool, error) {
		known, err := m.list(ctx, alerts)
		if err != nil {
			return false, err
		}
		missing = 0
		for _, a := range alerts {
			l, found := known[a.fingerprint()]
			if l.Status.State == "suppressed" && !m.quiet {
				return false, suppressed(a, l)
			}
			if !found || l.Status.State == "unprocessed" || m.quiet && l.Status.State != "suppressed" {
				missing++
			}
		}
		run.Progress("Alertmanager lists %d of %d alerts", len(alerts)-missing, len(alerts))
		return missing == 0, nil
	})
	if err != nil || ok {
		return err
	}
	if m.quiet {
		return step.Fail("%d of %d alerts are not suppressed after %s", missing, len(alerts), proofLimit)
	}
	return step.Inconclude("%s accepted the alert but does not list it as active after %s (%d of %d are missing)", m.url(), proofLimit, missing, len(alerts))
}

func suppressed(a alert, l listed) error {
	by := "silence " + strings.Join(l.Status.SilencedBy, ", ")
	if len(l.Status.SilencedBy) == 0 {
		by = "alert " + strings.Join(l.Status.InhibitedBy, ", ")
	}
	return step.Inconclude("Alertmanager suppresses the alert %s because of %s, so nobody is notified", a.Labels[alertname], by)
}

// repeatedly looks again, at growing intervals, until done or an error, and at most for proofLimit.
func repeatedly(ctx context.Context, look func() (bool, error)) (bool, error) {
	limit := time.NewTimer(proofLimit)
	defer limit.Stop()
	for interval := firstLook; ; interval = min(2*interval, lastLook) {
		if done, err := look(); done || err != nil {
			return done, err
		}
		timer := time.NewTimer(interval)
		select {
		case <-timer.C:
		case <-limit.C:
			timer.Stop()
			return false, nil
		case <-ctx.Done():
			timer.Stop()
			return false, context.Cause(ctx)
		}
	}
}
