package firealert

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// alert is one alert, in the form that Alertmanager's API takes.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// fingerprint identifies an alert as Prometheus and Alertmanager do.
func (a alert) fingerprint() string { return labelSet(a.Labels).Fingerprint().String() }

func labelSet(labels map[string]string) model.LabelSet {
	set := make(model.LabelSet, len(labels))
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set
}

// build makes all alerts before the first one is fired: the ledger must know them.
func (c *Config) build(run *step.Run, now time.Time) ([]alert, error) {
	start, end := c.times(now, nil)
	if !end.After(now) {
		return nil, fmt.Errorf("endsAt: %s is over, so the alert would not fire", end.Format(time.RFC3339))
	}
	alerts := make([]alert, c.Count)
	for i := range alerts {
		a, err := c.one(run, i)
		if err != nil {
			if c.Count > 1 {
				err = fmt.Errorf("alert %d: %w", i, err)
			}
			return nil, err
		}
		a.StartsAt, a.EndsAt = start, end
		if start.IsZero() {
			a.StartsAt = now.Add(c.offset(i))
		}
		alerts[i] = a
	}
	return alerts, nil
}

// offset is when the alert with that index is due.
func (c *Config) offset(index int) time.Duration {
	if c.Rate == 0 {
		return 0
	}
	return time.Duration(float64(index) / c.Rate * float64(time.Second))
}

func (c *Config) one(run *step.Run, index int) (alert, error) {
	scope := run.Scope.With("index", index)
	name, err := c.Alertname.Eval(scope)
	if err != nil {
		return alert{}, fmt.Errorf("alertname: %w", err)
	}
	if name == "" {
		return alert{}, fmt.Errorf("alertname is empty")
	}
	var a alert
	if a.Labels, err = texts("labels", c.Labels, scope); err != nil {
		return a, err
	}
	if a.Annotations, err = texts("annotations", c.Annotations, scope); err != nil {
		return a, err
	}
	if a.GeneratorURL, err = c.GeneratorURL.Eval(scope); err != nil {
		return a, fmt.Errorf("generatorURL: %w", err)
	}
	if _, twice := a.Labels[alertname]; twice {
		return a, fmt.Errorf("labels: the name of the alert is given by alertname already")
	}
	a.Labels[alertname] = name
	if c.Identify {
		a.Labels[IdentityLabel] = run.Scenario.ID
	}
	return a, nil
}

// texts evaluates labels or annotations. An empty label is no label: Alertmanager drops it, and the fingerprint does not
// count it.
func texts(what string, tree eval.Tree, scope eval.Scope) (map[string]string, error) {
	value, err := tree.Eval(scope)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	out := map[string]string{}
	if value == nil {
		return out, nil
	}
	values, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s are a mapping from names to texts; found %s", what, eval.Format(value))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if message := badName(name); message != "" {
			return nil, fmt.Errorf("%s: %s", what, message)
		}
		text, err := eval.ToText(values[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", what, name, err)
		}
		if text != "" {
			out[name] = text
		}
	}
	return out, nil
}
