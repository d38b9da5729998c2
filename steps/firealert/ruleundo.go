package firealert

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func describeRuleUndo(r raised) string {
	address := r.Prometheus.URL
	if u, err := url.Parse(address); err == nil {
		address = u.Redacted()
	}
	if r.Object != "" {
		return fmt.Sprintf("resolve the alert %s of the PrometheusRule %s at %s", r.Names[0], r.Object, address)
	}
	return fmt.Sprintf("resolve the alert %s and remove its rule %s from Prometheus at %s", r.Names[0], r.Group, address)
}

// takeBackRule ends the samples, waits until the alerts are resolved everywhere, and removes the rule. The order matters:
// once its rule is gone, Prometheus does not tell Alertmanager that an alert is over.
func takeBackRule(ctx context.Context, s *settings.Settings, r raised) error {
	conn, err := endpoint.Reopen(ctx, s, r.Prometheus)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := prometheus.Client{Conn: conn}
	err = r.resolveSamples(ctx, s, client)
	if conn.Gone(err) {
		err = nil // what it kept in memory is gone with it
	}
	if r.Object != "" {
		return err // the object is taken away by the entry that it has itself, or with its namespace
	}
	if err := removeRules(r.File); err != nil {
		return err
	}
	if reload := client.Reload(ctx); reload != nil && !conn.Gone(reload) {
		return errors.Join(err, fmt.Errorf("the rule %s is removed, but Prometheus does not read its rules again: %w", r.Group, reload))
	}
	return err
}

// resolveSamples ends the series and waits until nobody holds the alerts any more.
func (r *raised) resolveSamples(ctx context.Context, s *settings.Settings, client prometheus.Client) error {
	now := time.Now()
	series := make([]prometheus.Series, len(r.Series))
	for i, labels := range r.Series {
		series[i] = prometheus.Series{Labels: labels, Points: prometheus.At(now, restValue(labels))}
	}
	if len(series) > 0 {
		if err := client.Write(ctx, series); err != nil {
			return err
		}
	}
	ok, err := repeatedly(ctx, func() (bool, error) {
		seen, err := r.inPrometheus(ctx, client)
		return seen.firing+seen.pending == 0, err
	})
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("Prometheus at %s still holds the alert %s %s after its samples have ended", client, r.Names[0], proofLimit) //nolint:revive,staticcheck // a name
	}
	return r.waitForgotten(ctx, s)
}

// waitForgotten waits until Alertmanager has heard that the alerts are over.
func (r *raised) waitForgotten(ctx context.Context, s *settings.Settings) error {
	if r.Alertmanager == nil {
		return nil
	}
	conn, err := endpoint.Reopen(ctx, s, *r.Alertmanager)
	if err != nil {
		return err
	}
	defer conn.Close()
	ok, err := repeatedly(ctx, func() (bool, error) {
		all, err := alertmanager.Client{Conn: conn}.Alerts(ctx, nil)
		key, wanted := r.ours()
		for _, a := range all {
			if wanted[key(a.Labels)] {
				return false, err
			}
		}
		return true, err
	})
	if conn.Gone(err) {
		return nil
	}
	if err == nil && !ok {
		err = fmt.Errorf("Alertmanager at %s still lists the alert %s %s after Prometheus has resolved it", conn, r.Names[0], proofLimit) //nolint:revive,staticcheck // a name
	}
	return err
}
