package firealert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	refresh   = 30 * time.Second // Prometheus forgets a sample after five minutes
	listening = time.Second      // how often the word of resolveAlert is asked for
)

// raised is one use of the step that lets Prometheus raise the alerts. It goes to the ledger before anything is changed.
type raised struct {
	Prometheus   endpoint.Kept       `json:"prometheus"`
	Alertmanager *endpoint.Kept      `json:"alertmanager,omitempty"`
	File         string              `json:"file,omitempty"`   // of the rules
	Object       string              `json:"object,omitempty"` // that holds them instead
	Group        string              `json:"group"`
	Scenario     string              `json:"scenario"`
	Names        []string            `json:"names"`            // of the alerts
	Alerts       []map[string]string `json:"alerts,omitempty"` // their labels; none when a rule was copied
	Series       []map[string]string `json:"series"`           // that were written
}

// raising is raised at work.
type raising struct {
	raised
	run    *step.Run
	config *Config
	client prometheus.Client
	notify *alertmanager.Client // nil when nobody knows one
	rules  []alertRule
	values []float64 // of the series while the alerts fire
	// original is the rule that was copied; it has no name when none was.
	original groupedRule
	loaded   bool // the original, by this Prometheus
}

// raise makes Prometheus raise the alerts and follows them until Alertmanager has them.
func raise(ctx context.Context, run *step.Run, env *kube.Env, c *Config) (out Outputs, err error) {
	r := &raising{run: run, config: c}
	if err := r.open(ctx, env.Settings()); err != nil {
		return out, err
	}
	keep := false
	defer func() {
		if !keep {
			r.close()
		}
	}()
	if err := r.prepare(time.Now().UTC()); err != nil {
		return out, err
	}
	entry, err := r.bring(ctx, env)
	if err != nil {
		return out, err
	}
	if err := r.compare(ctx); err != nil {
		return out, err
	}
	pusher := newPusher(r)
	out = r.outputs()
	if err := pusher.push(ctx, time.Now()); err != nil {
		return out, err
	}
	keep = true
	run.Host.Service("keep up the samples of "+r.text(), func(ctx context.Context) error {
		defer r.close()
		return pusher.serve(ctx, entry, c.ResolveAfter)
	})
	if err := r.follow(ctx, out.FiredAt, &out); err != nil {
		return out, late(ctx, err, "the alert did not get so far before the step timed out")
	}
	return out, r.flap(ctx, pusher)
}

// open connects to both servers. Alertmanager is optional.
func (r *raising) open(ctx context.Context, s *settings.Settings) error {
	conn, err := endpoint.Open(ctx, s, r.run, settings.Prometheus, r.config.Rule.Server)
	if err != nil {
		return err
	}
	r.client = prometheus.Client{Conn: conn}
	r.Prometheus = conn.Keep()
	if r.config.Rule.Alertmanager == nil && !s.Has(settings.Alertmanager) {
		return nil
	}
	other, err := endpoint.Open(ctx, s, r.run, settings.Alertmanager, r.config.Rule.Alertmanager)
	if err != nil {
		conn.Close()
		return err
	}
	r.notify = &alertmanager.Client{Conn: other}
	kept := other.Keep()
	r.Alertmanager = &kept
	return nil
}

func (r *raising) close() {
	r.client.Close()
	if r.notify != nil {
		r.notify.Close()
	}
}

// prepare works out the rules and the series, without changing anything.
func (r *raising) prepare(now time.Time) error {
	c, run := r.config, r.run
	r.Scenario, r.Group = run.Scenario.ID, groupName(run.Scenario.ID, run.ID)
	if err := r.findFolder(); err != nil {
		return err
	}
	if c.Rule.From != "" {
		return r.prepareCopy()
	}
	alerts, err := c.build(run, now)
	if err != nil {
		return err
	}
	if r.rules, err = c.madeUp(r.Group, alerts); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, a := range alerts {
		if known[a.fingerprint()] {
			continue // two alerts with the same labels are one, and a series has one sample at a time
		}
		known[a.fingerprint()] = true
		series := map[string]string{"__name__": alertMetric, ruleLabel: r.Group, nameLabel: a.Labels[alertname]}
		for name, value := range a.Labels {
			if name != alertname {
				series[name] = value
			}
		}
		r.Alerts, r.Series, r.values = append(r.Alerts, a.Labels), append(r.Series, series), append(r.values, 1)
	}
	for _, rule := range r.rules {
		r.Names = append(r.Names, rule.Alert)
	}
	return nil
}

// findFolder finds where the file of the rules belongs, unless an object holds them.
func (r *raising) findFolder() error {
	if r.config.Rule.Object != nil {
		return nil
	}
	dir := cmp.Or(r.config.Rule.Dir, r.client.RulesDir)
	if dir == "" {
		return errors.New("it is not known from which folder Prometheus takes its rules; name it as rule.dir, or as rulesDir of prometheus in scenario-runner.yaml, " +
			"or let the Prometheus Operator bring the rule with rule.object")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(r.run.Folder(), dir)
	}
	file, err := filepath.Abs(filepath.Join(dir, r.Group+".yaml"))
	r.File = file
	return err
}

func (r *raising) prepareCopy() error {
	name, err := r.config.Alertname.Eval(r.run.Scope)
	if err != nil {
		return fmt.Errorf("alertname: %w", err)
	}
	original, rule, err := r.config.copied(name, r.Scenario, r.run.Folder())
	if err != nil {
		return err
	}
	r.original, r.rules, r.Names = original, []alertRule{rule}, []string{name}
	for _, s := range r.config.Rule.Samples {
		series := map[string]string{"__name__": s.Metric}
		for name, value := range s.Labels {
			series[name] = value
		}
		r.Series, r.values = append(r.Series, series), append(r.values, s.Value)
	}
	return nil
}

// bring gives the rules to Prometheus, and returns the entry of the ledger that takes everything back.
func (r *raising) bring(ctx context.Context, env *kube.Env) (entry step.Entry, err error) {
	every := cmp.Or(r.config.Rule.Every, usualEvaluation)
	if r.config.Rule.Object != nil {
		// The object has an entry of its own, an earlier one: the samples end before the rule goes.
		if err := r.createObject(ctx, env, every); err != nil {
			return nil, err
		}
	}
	if r.config.Undo != "keep" {
		if entry, err = r.run.Record(ctx, ruleUndoName, r.raised); err != nil {
			return nil, err
		}
	}
	if r.config.Rule.Object != nil {
		return entry, r.loadedByOperator(ctx)
	}
	return entry, r.load(ctx, every)
}

// load puts the rules where Prometheus looks for them and sees that it has loaded them.
func (r *raising) load(ctx context.Context, every time.Duration) error {
	if err := writeRules(r.File, ruleGroup{Name: r.Group, Interval: promDuration(every), Rules: r.rules}); err != nil {
		return err
	}
	if err := r.client.Reload(ctx); err != nil {
		return err
	}
	loaded, err := r.client.Rules(ctx, r.Group)
	if err != nil {
		return err
	}
	if len(loaded) != len(r.rules) {
		return fmt.Errorf("Prometheus at %s has not loaded the rule in %s; its rule_files must name that folder, as in %s", //nolint:revive,staticcheck // a name
			r.client, r.File, filepath.Join(filepath.Dir(r.File), "*.yaml"))
	}
	return nil
}

func (r *raising) text() string {
	if n := max(len(r.Alerts), 1); n > 1 {
		return fmt.Sprintf("%d alerts (%s)", n, r.Names[0])
	}
	return "alert " + r.Names[0]
}

func (r *raising) outputs() Outputs {
	out := Outputs{
		Count: len(r.Alerts), URL: r.client.String(), Expression: r.rules[0].Expr, FiredAt: time.Now(), Labels: map[string]string{},
	}
	if r.original.Alert != "" {
		out.Original = r.original.outputs(r.loaded)
	}
	for i, labels := range r.Alerts {
		fingerprint := labelSet(labels).Fingerprint().String()
		if i == 0 {
			out.Fingerprint, out.Labels = fingerprint, labels
		}
		out.Fingerprints = append(out.Fingerprints, fingerprint)
	}
	return out
}
