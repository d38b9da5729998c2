// Package resolvealert is the step that resolves alerts of this scenario before it ends, and sees them gone. What it says
// to a Prometheus is heeded by the step fireAlert.
package resolvealert

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

//go:embed README.md
var doc string

// lookEvery is how often the servers are asked whether the alerts are gone.
const lookEvery = 100 * time.Millisecond

// Config is what the author writes under resolveAlert.
type Config struct {
	Alertname    string            `yaml:"alertname" shorthand:"true" doc:"Name of the alerts. Without it, all that this scenario has fired." example:"KubePodCrashLooping"`
	Labels       map[string]string `yaml:"labels" doc:"Labels that the alerts have." example:"{pod: web-1}"`
	In           string            `yaml:"in" enum:"alertmanager,prometheus" doc:"Who holds the alerts: alertmanager for those that were fired without rule, prometheus for those with it; alertmanager if not given."`
	Within       time.Duration     `yaml:"within" doc:"The step fails when an alert is not resolved by then; 30s if not given." example:"10s"`
	Server       *endpoint.Address `yaml:"server" doc:"Address of the server that holds the alerts. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9093"`
	Alertmanager *endpoint.Address `yaml:"alertmanager" doc:"With in: prometheus, the Alertmanager that must not list the alerts any more. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9093"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Count      int           `expr:"count" doc:"How many alerts were resolved."`
	ResolvedAt time.Time     `expr:"resolvedAt" doc:"When none of them was listed any more."`
	Took       time.Duration `expr:"took" doc:"How long that took."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "resolveAlert", Group: step.Alerts, Doc: doc, Judges: true,
		Default: func() Config { return Config{In: string(settings.Alertmanager), Within: 30 * time.Second} },
		Check:   func(c *Config, p *step.Problems) { check(c, env.Settings(), p) },
		Title:   func(c *Config) string { return "resolve " + c.text() },
		Touches: func(_, shown *Config, _ step.Written) []step.Touch {
			return []step.Touch{{Effect: step.Sends, Verb: "resolve", What: shown.text()}}
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return resolve(ctx, run, env.Settings(), &c)
		},
	})
}

func (c *Config) text() string {
	if c.Alertname == "" {
		return "the alerts of this scenario"
	}
	return "alert " + c.Alertname
}

func check(c *Config, s *settings.Settings, p *step.Problems) {
	c.Server.Check("server", settings.Server(c.In), s, p)
	if c.Alertmanager != nil {
		c.Alertmanager.Check("alertmanager", settings.Alertmanager, s, p)
		if c.In != string(settings.Prometheus) {
			p.At("alertmanager", "alertmanager means nothing without in: prometheus; name it as server")
		}
	}
	if c.Within <= 0 && !p.Dynamic("within") {
		p.At("within", "within: expected a positive duration, found %s", c.Within)
	}
}

// chooses reports whether an alert is meant: one of this scenario with that name and those labels.
func (c *Config) chooses(labels map[string]string, scenario string) bool {
	if labels[observe.AlertIdentity] != scenario || c.Alertname != "" && labels[model.AlertNameLabel] != c.Alertname {
		return false
	}
	for name, value := range c.Labels {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// resolver resolves alerts and asks how many are left.
type resolver struct {
	config   *Config
	scenario string
	resolve  func(ctx context.Context) (count int, err error)
	left     func(ctx context.Context) (count int, err error)
}

func resolve(ctx context.Context, run *step.Run, s *settings.Settings, c *Config) (Outputs, error) {
	conn, err := endpoint.Open(ctx, s, run, settings.Server(c.In), c.Server)
	if err != nil {
		return Outputs{}, err
	}
	defer conn.Close()
	r := &resolver{config: c, scenario: run.Scenario.ID}
	if c.In == string(settings.Prometheus) {
		end, err := r.inPrometheus(ctx, run, s, prometheus.Client{Conn: conn})
		if err != nil {
			return Outputs{}, err
		}
		defer end()
	} else {
		r.inAlertmanager(alertmanager.Client{Conn: conn})
	}
	start := time.Now()
	count, err := r.resolve(ctx)
	if err != nil {
		return Outputs{}, err
	}
	if count == 0 {
		return Outputs{}, step.Inconclude("%s holds no alert that is meant by %s, so nothing was resolved", settings.Server(c.In).Title(), c.text())
	}
	if err := r.wait(ctx, run, count); err != nil {
		return Outputs{Count: count}, err
	}
	return Outputs{Count: count, ResolvedAt: time.Now(), Took: time.Since(start)}, nil
}

// wait waits until no alert is left.
func (r *resolver) wait(ctx context.Context, run *step.Run, count int) error {
	limit := time.NewTimer(r.config.Within)
	defer limit.Stop()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		left, err := r.left(ctx)
		if err != nil || left == 0 {
			return err
		}
		run.Progress("%d of %d alerts are not resolved yet", left, count)
		select {
		case <-ticker.C:
		case <-limit.C:
			return step.Fail("%d of %d alerts are still listed %s after they were resolved", left, count, r.config.Within)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// inAlertmanager ends the alerts by the API.
func (r *resolver) inAlertmanager(client alertmanager.Client) {
	active := func(ctx context.Context) ([]alertmanager.Posted, error) {
		all, err := client.Alerts(ctx, []alertmanager.Matcher{alertmanager.Equal(observe.AlertIdentity, r.scenario)})
		var out []alertmanager.Posted
		now := time.Now()
		for _, a := range all {
			if r.config.chooses(a.Labels, r.scenario) {
				out = append(out, a.Ended(now))
			}
		}
		return out, err
	}
	r.left = func(ctx context.Context) (int, error) {
		all, err := active(ctx)
		return len(all), err
	}
	r.resolve = func(ctx context.Context) (int, error) {
		all, err := active(ctx)
		if err != nil || len(all) == 0 {
			return 0, err
		}
		return len(all), client.Post(ctx, all)
	}
}

// inPrometheus says by a sample that the alerts are over, which the step that keeps them up heeds.
func (r *resolver) inPrometheus(ctx context.Context, run *step.Run, s *settings.Settings, client prometheus.Client) (end func(), err error) {
	own := func(ctx context.Context) ([]map[string]string, error) {
		all, err := client.Alerts(ctx)
		var out []map[string]string
		for _, a := range all {
			if r.config.chooses(a.Labels, r.scenario) {
				out = append(out, a.Labels)
			}
		}
		return out, err
	}
	r.resolve = func(ctx context.Context) (int, error) {
		all, err := own(ctx)
		if err != nil || len(all) == 0 {
			return 0, err
		}
		return len(all), client.Write(ctx, words(all, r.scenario))
	}
	r.left = func(ctx context.Context) (int, error) {
		all, err := own(ctx)
		return len(all), err
	}
	if r.config.Alertmanager == nil && !s.Has(settings.Alertmanager) {
		return func() {}, nil
	}
	conn, err := endpoint.Open(ctx, s, run, settings.Alertmanager, r.config.Alertmanager)
	if err != nil {
		return nil, err
	}
	other := &resolver{config: r.config, scenario: r.scenario}
	other.inAlertmanager(alertmanager.Client{Conn: conn})
	here := r.left
	r.left = func(ctx context.Context) (int, error) {
		left, err := here(ctx)
		if err != nil || left > 0 {
			return left, err
		}
		return other.left(ctx)
	}
	return conn.Close, nil
}

// words are the samples that say of alerts that they are over.
func words(all []map[string]string, scenario string) []prometheus.Series {
	now := time.Now()
	out := make([]prometheus.Series, len(all))
	for i, labels := range all {
		series := maps.Clone(labels)
		delete(series, model.AlertNameLabel)
		series["__name__"], series[observe.ResolvedLabel], series[observe.AlertNameOfWord] = observe.ResolvedMetric, scenario, labels[model.AlertNameLabel]
		out[i] = prometheus.Series{Labels: series, Points: prometheus.At(now, 1)}
	}
	slices.SortFunc(out, func(a, b prometheus.Series) int {
		return slices.Compare(slices.Sorted(maps.Values(a.Labels)), slices.Sorted(maps.Values(b.Labels)))
	})
	return out
}
