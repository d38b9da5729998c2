package firealert

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	shortestTick = 10 * time.Millisecond
	resolveLimit = 8 * time.Second // the engine gives a service ten seconds to end
)

// storm is one use of the step.
type storm struct {
	run     *step.Run
	config  *Config
	dir     string // where tls.ca is looked for
	alerts  []alert
	sendAs  func(context.Context, []alert, model.AlertStatus) (*web.Response, error)
	prove   func(context.Context) error // nil when a receiver's answer is the proof
	outputs Outputs
}

// fire fires the alerts; dir is where tls.ca is looked for.
func fire(ctx context.Context, run *step.Run, c *Config, dir string) (Outputs, error) {
	for _, secret := range append(web.Secrets(c.To.Headers, c.To.Webhook), web.Secrets(nil, c.To.Alertmanager)...) {
		run.Host.Mask(secret)
	}
	client, err := c.To.client(dir)
	if err != nil {
		return Outputs{}, err
	}
	defer client.Close()
	s := &storm{run: run, config: c, dir: dir}
	if s.alerts, err = c.build(run, time.Now().UTC()); err != nil {
		return Outputs{}, err
	}
	c.arrange(s.alerts)
	s.route(client)
	fired := make(chan struct{})
	if err := s.promise(ctx, fired); err != nil {
		return Outputs{}, err
	}
	defer close(fired)
	if err := s.fireAll(ctx); err != nil {
		return s.outputs, err
	}
	if s.prove != nil {
		err = s.prove(ctx)
	}
	if err == nil {
		err = s.flap(ctx)
	}
	return s.outputs, late(ctx, err, "Alertmanager did not list the alert as active before the step timed out")
}

// route decides how alerts are sent.
func (s *storm) route(client *web.Client) {
	to := s.config.To
	s.outputs.URL = to.address()
	if to.Webhook != "" {
		s.sendAs = (&webhook{client, to}).send
		return
	}
	m := &apiRoute{client: client, to: to, quiet: s.config.Expect.Suppressed}
	s.sendAs = func(ctx context.Context, alerts []alert, _ model.AlertStatus) (*web.Response, error) {
		return m.send(ctx, alerts)
	}
	s.prove = func(ctx context.Context) error { return m.prove(ctx, s.run, s.alerts) }
}

// promise writes the undo and starts what carries it out: after resolveAfter, or else when the scenario ends. At the end
// that happens as a service rather than with the other undos, because services end newest first: the Alertmanager, the
// receiver or the tunnel to it may be one that was started earlier, and is still there then.
func (s *storm) promise(ctx context.Context, fired <-chan struct{}) error {
	if s.config.Undo == "keep" {
		return nil
	}
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	entry, err := s.run.Record(ctx, undoName, sent{To: s.config.To, Dir: dir, Alerts: s.alerts})
	if err != nil {
		return err
	}
	after := s.config.ResolveAfter
	s.run.Host.Service("resolve "+names(s.alerts), func(ctx context.Context) error {
		return resolveLater(ctx, entry, after, fired)
	})
	return nil
}

func resolveLater(ctx context.Context, entry step.Entry, after time.Duration, fired <-chan struct{}) error {
	var due <-chan time.Time
	if after > 0 {
		select {
		case <-fired:
			timer := time.NewTimer(after)
			defer timer.Stop()
			due = timer.C
		case <-ctx.Done():
		}
	}
	select {
	case <-due:
		return entry.Undo(ctx)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveLimit)
	defer cancel()
	_ = entry.Undo(bounded) // if it fails, the entry stays open and is tried again, and reported, with the other undos
	return nil
}

// fireAll sends the alerts at the wanted rate.
func (s *storm) fireAll(ctx context.Context) error {
	start := time.Now()
	s.outputs.FiredAt = start
	ticker := time.NewTicker(max(shortestTick, s.config.offset(1)))
	defer ticker.Stop()
	shown := start
	for done := 0; ; {
		due := s.due(time.Since(start))
		for done < due {
			next := s.next(done, due)
			if err := s.sendSome(ctx, s.alerts[done:next]); err != nil {
				return s.stopped(ctx, err)
			}
			done = next
		}
		if done == len(s.alerts) {
			s.measure(time.Since(start))
			return nil
		}
		if time.Since(shown) >= time.Second {
			shown = time.Now()
			s.run.Progress("fired %d of %d alerts", done, len(s.alerts))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return s.stopped(ctx, context.Cause(ctx))
		}
	}
}

// due returns how many alerts should have been fired by now.
func (s *storm) due(elapsed time.Duration) int {
	if s.config.Rate == 0 {
		return len(s.alerts)
	}
	return int(math.Min(float64(len(s.alerts)), math.Floor(elapsed.Seconds()*s.config.Rate)+1))
}

// next returns the end of what is sent with one call. A receiver of a paced storm gets each alert by itself, as it would
// get alerts that start one after the other.
func (s *storm) next(done, due int) int {
	if s.config.Rate > 0 && s.config.To.Webhook != "" {
		return done + 1
	}
	return due
}

func (s *storm) sendSome(ctx context.Context, alerts []alert) error {
	var r *web.Response
	var err error
	for range 1 + s.config.Duplicates {
		if r, err = s.sendAs(ctx, alerts, model.AlertFiring); err != nil {
			break
		}
	}
	if r != nil {
		s.outputs.Status, s.outputs.Body = r.Status, r.Body
	}
	if err != nil {
		return err
	}
	for _, a := range alerts {
		s.outputs.Fingerprints = append(s.outputs.Fingerprints, a.fingerprint())
	}
	s.outputs.Count += len(alerts)
	s.outputs.Fingerprint, s.outputs.Labels = s.outputs.Fingerprints[0], s.alerts[0].Labels
	return nil
}

// measure fills in the rate that was reached: the first alert is fired at once, so it takes n-1 intervals.
func (s *storm) measure(took time.Duration) {
	if s.config.Rate > 0 && len(s.alerts) > 1 {
		s.outputs.Rate = math.Round(float64(len(s.alerts)-1)/took.Seconds()*100) / 100
	}
}

func (s *storm) stopped(ctx context.Context, err error) error {
	err = late(ctx, err, fmt.Sprintf("only %d of %d alerts were fired before the step timed out", s.outputs.Count, len(s.alerts)))
	if _, timedOut := errors.AsType[*step.Failure](err); timedOut || step.Interrupted(ctx) || len(s.alerts) == 1 {
		return err
	}
	return fmt.Errorf("after %d of %d alerts: %w", s.outputs.Count, len(s.alerts), err)
}

// late turns the end of the step's time into a verdict.
func late(ctx context.Context, err error, message string) error {
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case step.Interrupted(ctx):
		return ctx.Err()
	}
	if f, ok := errors.AsType[*step.Failure](err); ok {
		return f
	}
	return step.Fail("%s", message)
}
