package benchmark

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	path := filepath.Join(run.Folder(), filepath.FromSlash(c.Baseline))
	var before *baseline
	if c.Baseline != "" {
		var err error
		if before, err = readBaseline(path); err != nil {
			return Outputs{}, err
		}
		if before == nil && c.Save == "never" {
			return Outputs{}, fmt.Errorf("there is no baseline %s; run once with save: missing to measure it", c.Baseline)
		}
	}
	m := &measurement{config: c, scope: run.Scope, duration: c.Measure.Program() == nil}
	if err := m.all(ctx, run); err != nil {
		return summary(m.values), err
	}
	out := summary(m.values)
	m.compare(&out, before)
	if err := m.verdict(&out, before); err != nil {
		return out, err
	}
	if c.Save == "always" || c.Save == "missing" && before == nil {
		now := &baseline{Measured: time.Now().UTC().Truncate(time.Second), Machine: machine(), Seconds: m.duration, Values: m.values}
		if err := now.save(path); err != nil {
			return out, fmt.Errorf("saving the baseline: %w", err)
		}
	}
	return out, nil
}

// measurement is what one run of the step measures.
type measurement struct {
	config   Config
	scope    eval.Scope
	values   []float64
	duration bool // the values are seconds
}

// all runs the rounds. One that does not pass measures nothing, and ends the step.
func (m *measurement) all(ctx context.Context, run *step.Run) error {
	c := m.config
	ended, err := rounds.Execute(ctx, run, rounds.Plan{
		Block: c.Steps, Times: c.Warmup + c.Times, Parallel: c.Parallel,
		Locals:   func(i int) eval.Scope { return eval.Scope{"round": i + 1} },
		Describe: func(i int) string { return fmt.Sprintf("round %d of %d", i+1, c.Warmup+c.Times) },
		Enough:   func(ended []rounds.Round) bool { return ended[len(ended)-1].Err != nil },
	})
	for _, r := range ended {
		if r.Err != nil {
			return r.Err
		}
		if r.Index < c.Warmup {
			continue
		}
		v, measured := m.value(r)
		if measured != nil {
			return fmt.Errorf("round %d: %w", r.Index+1, measured)
		}
		m.values = append(m.values, v)
	}
	return err
}

func (m *measurement) value(r rounds.Round) (float64, error) {
	if m.config.Measure.Program() == nil {
		return r.Took.Seconds(), nil
	}
	scope := maps.Clone(m.scope)
	outer, _ := m.scope["steps"].(map[string]any)
	steps := map[string]any{}
	maps.Copy(steps, outer)
	maps.Copy(steps, r.Steps)
	scope["steps"], scope["round"] = steps, r.Index+1
	v, err := m.config.Measure.Eval(scope)
	if err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case time.Duration:
		m.duration = true
		return v.Seconds(), nil
	case int:
		return float64(v), nil
	case float64:
		return v, nil
	}
	return 0, fmt.Errorf("measure: expected a number or a duration, found %s", eval.Format(v))
}

// compare tells how much worse the typical measurement is than that of the baseline.
func (m *measurement) compare(out *Outputs, before *baseline) {
	if before == nil {
		return
	}
	out.Compared = true
	if typical := summary(before.Values).P50; typical != 0 {
		out.Change = out.P50/typical - 1
	}
}

// verdict holds the limits against the measurements, then the baseline.
func (m *measurement) verdict(out *Outputs, before *baseline) error {
	var over []string
	for _, name := range slices.Sorted(maps.Keys(m.config.Limits)) {
		limit := m.config.Limits[name]
		if v := out.statistic(name); v > limit.Value {
			over = append(over, fmt.Sprintf("%s is %s, more than the %s allowed", name, show(v, m.duration), show(limit.Value, limit.Duration)))
		}
	}
	if len(over) > 0 {
		f := step.Fail("%s", over[0])
		for _, more := range over[1:] {
			f.With("also", more)
		}
		return m.explain(f, out, before)
	}
	if before == nil || out.Change <= m.config.Worse.Value {
		return nil
	}
	return m.regression(out, before)
}

// regression tells a change for the worse from noise: the measurements must be larger than those of the baseline with the
// allowed part added to each, more often than chance explains.
func (m *measurement) regression(out *Outputs, before *baseline) error {
	allowed := make([]float64, len(before.Values))
	for i, v := range before.Values {
		allowed[i] = v * (1 + m.config.Worse.Value)
	}
	chance := larger(m.values, allowed)
	worse := fmt.Sprintf("the median is %s, %.1f %% worse than that of the baseline; %.1f %% are allowed",
		show(out.P50, m.duration), out.Change*100, m.config.Worse.Value*100)
	if chance > significance {
		return m.explain(step.Inconclude("%s, but the measurements spread so much that chance explains it (p = %.2f); more rounds would decide", worse, chance), out, before)
	}
	return m.explain(step.Fail("%s (p = %.4f)", worse, chance), out, before)
}

func (m *measurement) explain(f *step.Failure, out *Outputs, before *baseline) error {
	f.With("measured", m.line(out))
	if before != nil {
		base := summary(before.Values)
		f.With("baseline", m.line(&base)+" on "+before.Measured.Format("2006-01-02"))
		if before.Machine != machine() {
			f.With("machines", fmt.Sprintf("the baseline was measured on another sort of machine: %s; this is %s", before.Machine, machine()))
		}
	}
	return f
}

func (m *measurement) line(o *Outputs) string {
	return fmt.Sprintf("p50 %s, p95 %s, max %s, %d rounds", show(o.P50, m.duration), show(o.P95, m.duration), show(o.Max, m.duration), o.Count)
}
