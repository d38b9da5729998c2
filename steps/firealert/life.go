package firealert

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
)

// lookEvery is how often the servers are asked how far the alerts are.
const lookEvery = 100 * time.Millisecond

// ours returns what tells the alerts of this use of the step from all others: the values of those labels that any of them
// has, so that labels which Prometheus adds for the outside do not matter.
func (r *raised) ours() (key func(map[string]string) string, wanted map[string]bool) {
	names := map[string]bool{alertname: true}
	for _, labels := range r.Alerts {
		for name := range labels {
			names[name] = true
		}
	}
	if len(r.Alerts) == 0 {
		names[IdentityLabel] = true
	}
	sorted := slices.Sorted(maps.Keys(names))
	key = func(labels map[string]string) string {
		var b strings.Builder
		for _, name := range sorted {
			fmt.Fprintf(&b, "%s=%q,", name, labels[name])
		}
		return b.String()
	}
	wanted = map[string]bool{}
	for _, labels := range r.Alerts {
		wanted[key(labels)] = true
	}
	if len(r.Alerts) == 0 {
		wanted[key(map[string]string{alertname: r.Names[0], IdentityLabel: r.Scenario})] = true
	}
	return key, wanted
}

// seen is what was found of the alerts at one moment.
type seen struct {
	pending, firing int
	since           time.Time // of the first
	labels          map[string]string
	receivers       []string // of the first
	common          []string // receivers of all of them
}

// inPrometheus asks how many of the alerts are pending and firing.
func (r *raised) inPrometheus(ctx context.Context, client prometheus.Client) (seen, error) {
	all, err := client.Alerts(ctx)
	key, wanted := r.ours()
	var out seen
	for _, a := range all {
		if !wanted[key(a.Labels)] {
			continue
		}
		if out.since.IsZero() || a.ActiveAt.Before(out.since) {
			out.since, out.labels = a.ActiveAt, a.Labels
		}
		if a.State == prometheus.Firing {
			out.firing++
		} else {
			out.pending++
		}
	}
	return out, err
}

// inAlertmanager asks how many of the alerts are active, or suppressed when that is expected. One that is suppressed
// otherwise is an error: nobody is notified of it.
func (r *raised) inAlertmanager(ctx context.Context, client alertmanager.Client, suppressed bool) (seen, error) {
	all, err := client.Alerts(ctx, nil)
	key, wanted := r.ours()
	var out seen
	for _, a := range all {
		if !wanted[key(a.Labels)] {
			continue
		}
		switch state := a.Status.State; {
		case suppressed && state == alertmanager.Suppressed:
			out.firing++
		case state == alertmanager.Suppressed:
			by := cmp.Or(strings.Join(a.Status.SilencedBy, ", "), strings.Join(a.Status.InhibitedBy, ", "))
			return out, step.Inconclude("Alertmanager suppresses the alert %s because of %s, so nobody is notified", a.Labels[alertname], by)
		case state == alertmanager.Active && !suppressed:
			out.firing++
			out.route(a)
		default:
			out.pending++
		}
	}
	return out, err
}

// route notes to whom an active alert is sent.
func (s *seen) route(a alertmanager.Alert) {
	names := make([]string, len(a.Receivers))
	for i, to := range a.Receivers {
		names[i] = to.Name
	}
	if s.receivers == nil {
		s.receivers, s.common = names, slices.Clone(names)
		return
	}
	s.common = slices.DeleteFunc(s.common, func(name string) bool { return !slices.Contains(names, name) })
}

// sentTo compares the receivers of the alerts with those that are expected.
func (r *raising) sentTo(s seen) error {
	for _, name := range r.config.Expect.Receivers {
		if !slices.Contains(s.common, name) {
			return step.Fail("Alertmanager sends %s to %s, not to %s", r.text(), strings.Join(s.receivers, ", "), name)
		}
	}
	return nil
}

// stage is one state that the alerts reach.
type stage struct {
	name  string
	limit time.Duration // 0 means that of the step
	look  func(context.Context) (reached int, err error)
}

// follow waits until the alerts are pending, firing, and known to Alertmanager, and notes when.
func (r *raising) follow(ctx context.Context, began time.Time, out *Outputs) error {
	want := max(len(r.Alerts), 1)
	stages := []stage{
		{"pending", r.config.Expect.Pending, func(ctx context.Context) (int, error) {
			s, err := r.inPrometheus(ctx, r.client)
			if s.pending+s.firing >= want {
				out.PendingAt = s.since
			}
			return s.pending + s.firing, err
		}},
		{"firing", r.config.Expect.Firing, func(ctx context.Context) (int, error) {
			s, err := r.inPrometheus(ctx, r.client)
			out.FiringAt = time.Now()
			if len(r.Alerts) == 0 {
				out.Labels, out.Count = s.labels, s.firing
			}
			return s.firing, err
		}},
	}
	if r.notify != nil {
		name := "active in Alertmanager"
		if r.config.Expect.Suppressed {
			name = "suppressed in Alertmanager"
		}
		stages = append(stages, stage{name, r.config.Expect.Notified, func(ctx context.Context) (int, error) {
			s, err := r.inAlertmanager(ctx, *r.notify, r.config.Expect.Suppressed)
			out.NotifiedAt, out.Receivers = time.Now(), s.receivers
			if err == nil && s.firing >= want {
				err = r.sentTo(s)
			}
			return s.firing, err
		}})
	}
	for _, s := range stages {
		if err := r.reach(ctx, s, began, want); err != nil {
			return err
		}
	}
	if len(r.Alerts) == 0 {
		out.Fingerprint = labelSet(out.Labels).Fingerprint().String()
		out.Fingerprints = []string{out.Fingerprint}
	}
	return nil
}

// reach looks again and again until all alerts are in a state.
func (r *raising) reach(ctx context.Context, s stage, began time.Time, want int) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	shown := -1
	for {
		reached, err := s.look(ctx)
		if err != nil {
			return err
		}
		took := time.Since(began)
		late := s.limit > 0 && took > s.limit
		if reached >= want && !late {
			return nil
		}
		if late {
			return r.tooLate(ctx, s, reached, want)
		}
		if reached != shown {
			r.run.Progress("%d of %d alerts %s", reached, want, s.name)
			shown = reached
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tooLate says that a state was not reached in time, and what is wrong with the rule if anything is.
func (r *raising) tooLate(ctx context.Context, s stage, reached, want int) error {
	message := fmt.Sprintf("%d of %d alerts were %s within %s", reached, want, s.name, s.limit)
	failure := &step.Failure{Verdict: step.Failed, Message: message}
	rules, err := r.client.Rules(ctx, r.Group)
	for _, rule := range rules {
		failure = failure.With("expression", rule.Query)
		if rule.LastError != "" {
			failure = failure.With("error of the rule", rule.LastError)
		}
	}
	if err != nil {
		return err
	}
	return failure
}

// flap lets the alerts come and go by their samples. They fire when it returns.
func (r *raising) flap(ctx context.Context, p *pusher) error {
	return flap(ctx, r.config.Flap, func(i int) { r.run.Progress("flapping, %d of %d", i, r.config.Flap.Times) },
		func(off bool) error { return p.turn(ctx, off) })
}
