package injectchaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

type steps struct {
	env     *kube.Env
	drivers []driver.Driver // in the order in which auto tries them
}

// run carries one experiment out: choose, show, record, hit, prove, hold, take back, see it gone.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out = Outputs{Verdict: awaited, Experiment: c.Experiment, Targets: []driver.Object{}, Probes: []driver.Probe{}}
	fault, counted, err := s.plan(ctx, run, c, &out)
	if err != nil {
		return out, err
	}
	defer func() { counted.settle(run, over(c, err)) }()
	defer func() { out.add(fault.Result()) }()
	if err := s.prove(ctx, run, c, fault, &out); err != nil {
		return out, err
	}
	if c.Duration > 0 {
		if err := s.end(ctx, run, c, fault, &out); err != nil {
			return out, err
		}
	}
	out.Verdict = verdictOf(fault, pass)
	return out, nil
}

// add takes over what the driver knows; a verdict of its own counts however the step ends.
func (o *Outputs) add(result driver.Result) {
	o.Hit, o.Phase, o.FailStep = result.Hit, result.Phase, result.FailStep
	o.ProbeSuccessPercentage, o.VerdictAfter, o.Engine = result.ProbeSuccessPercentage, result.VerdictAfter, result.Reference
	o.Probes = append(o.Probes, result.Probes...)
	if o.Proof = result.Proof; o.Proof == "" && o.ProvedAfter > 0 {
		o.Proof = "observed"
	}
	if result.Verdict != "" {
		o.Verdict = result.Verdict
	}
}

// over reports whether nothing is left of a fault when its step ends.
func over(c Config, err error) bool {
	experiment, _ := catalogue.Get(c.Experiment)
	return experiment.Momentary || err == nil && c.Duration > 0 && (c.Recover == nil || *c.Recover)
}

// plan finds the driver and the targets, and shows them before anything is hit.
func (s steps) plan(ctx context.Context, run *step.Run, c Config, out *Outputs) (driver.Fault, *hits, error) {
	experiment, ok := catalogue.Get(c.Experiment)
	if !ok {
		return nil, nil, fmt.Errorf("the catalogue has no experiment %q", c.Experiment)
	}
	if run.Timeout > 0 && c.Duration >= run.Timeout {
		return nil, nil, fmt.Errorf("a duration of %s does not fit into the step's timeout of %s; give the step a longer timeout", c.Duration, run.Timeout)
	}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return nil, nil, err
	}
	c.Target.Kind = kindOf(c.Target.Kind, experiment)
	if err := allowed(ctx, place, c.Target.Ref); err != nil {
		return nil, nil, err
	}
	parameters, mistakes := experiment.Check(c.Parameters)
	if len(mistakes) > 0 {
		return nil, nil, errors.New(mistakes[0].Message)
	}
	fault, err := s.planned(ctx, c, out, driver.Request{
		Experiment: experiment, Parameters: parameters, Duration: c.Duration, Interval: c.Interval, Place: place, Run: run,
		Selection: driver.Selection{Reference: c.Target.Ref, Count: c.Target.Count, Percent: c.Target.Percent},
	})
	if err != nil {
		return nil, nil, err
	}
	out.Targets = append(out.Targets, fault.Targets()...)
	if len(out.Targets) == 0 {
		return nil, nil, step.Inconclude("%s hit nothing: %s gives no %s", experiment.Name, where(place, experiment, c.Target.Ref), experiment.Candidates)
	}
	run.Progress("%s hits %d of %d: %s", experiment.Name, len(out.Targets), fault.Candidates(), list(out.Targets))
	counted, err := s.guard(ctx, run, place, request{experiment, c.Target.Ref, fault, c.Duration})
	return fault, counted, err
}

// allowed refuses targets in namespaces of the platform. Kinds without a namespace are not concerned.
func allowed(ctx context.Context, place *kube.Target, ref kube.Ref) error {
	query, err := place.Query(ctx, ref)
	if err != nil {
		return err
	}
	return settings.Fault(query.Namespace)
}

// planned has the driver plan that is asked for, or else the first that can do the experiment on these targets.
func (s steps) planned(ctx context.Context, c Config, out *Outputs, request driver.Request) (driver.Fault, error) {
	var refused error
	for _, candidate := range append(slices.Clone(s.drivers), litmus.New(c.Litmus)) {
		able := slices.Contains(request.Experiment.Drivers, candidate.Name())
		if !able || c.Driver != auto && c.Driver != "" && c.Driver != candidate.Name() {
			continue
		}
		out.Driver = candidate.Name()
		fault, err := candidate.Plan(ctx, request)
		switch unable, ok := errors.AsType[*driver.Unable](err); {
		case ok:
			refused = unable
			continue
		case err != nil && refused != nil:
			return nil, fmt.Errorf("%w; and %s can't do it either: %w", refused, candidate.Name(), err)
		}
		return fault, err
	}
	if refused != nil {
		return nil, refused
	}
	return nil, fmt.Errorf("the driver %q can't do %s in this version", c.Driver, request.Experiment.Name)
}

// prove injects the fault and waits until its effect is seen.
func (s steps) prove(ctx context.Context, run *step.Run, c Config, fault driver.Fault, out *Outputs) error {
	injected := time.Now()
	err := fault.Inject(ctx)
	out.Hit = fault.Result().Hit
	if err != nil {
		return stopped(ctx, err)
	}
	if err := fault.Proof(ctx); err != nil {
		if unseen, ok := errors.AsType[*driver.Unseen](err); ok && !step.Interrupted(ctx) {
			out.Verdict = verdictOf(fault, fail)
			return step.Inconclude("the fault was never seen: %s", unseen.Last).
				With("experiment", c.Experiment).With("targets", list(out.Targets)).With("waited", round(time.Since(injected)))
		}
		return stopped(ctx, err)
	}
	out.ProvedAfter = time.Since(injected)
	run.Progress("%s is proved after %s", c.Experiment, round(out.ProvedAfter))
	return nil
}

// end holds the fault for its duration, takes it back unless somebody else is to do that, and waits until its effect is
// no longer seen.
func (s steps) end(ctx context.Context, run *step.Run, c Config, fault driver.Fault, out *Outputs) error {
	err := fault.Hold(ctx)
	out.Hit = fault.Result().Hit
	if err != nil {
		if unseen, ok := errors.AsType[*driver.Unseen](err); ok && !step.Interrupted(ctx) {
			out.Verdict = verdictOf(fault, fail)
			return step.Inconclude("a repeated fault was never seen: %s", unseen.Last)
		}
		return stopped(ctx, err)
	}
	if c.Recover != nil && !*c.Recover {
		return nil
	}
	removed := time.Now()
	if err := fault.Remove(ctx); err != nil {
		return stopped(ctx, err)
	}
	if err := fault.Gone(ctx); err != nil {
		if unseen, ok := errors.AsType[*driver.Unseen](err); ok && !step.Interrupted(ctx) {
			out.Verdict = verdictOf(fault, fail)
			return step.Fail("%s is over but its effect did not go away: %s", c.Experiment, unseen.Last).
				With("targets", list(out.Targets)).With("waited", round(time.Since(removed)))
		}
		return stopped(ctx, err)
	}
	out.GoneAfter = time.Since(removed)
	run.Progress("the effect of %s is gone after %s", c.Experiment, round(out.GoneAfter))
	return nil
}

// stopped turns the end of the step's time into what it means.
func stopped(ctx context.Context, err error) error {
	switch {
	case step.Interrupted(ctx):
		return ctx.Err()
	case ctx.Err() != nil:
		return step.Inconclude("the step's time was over before the experiment was").With("last", err)
	}
	return err
}

func verdictOf(fault driver.Fault, otherwise string) string {
	if own := fault.Result().Verdict; own != "" {
		return own
	}
	return otherwise
}

// mostListed is how many targets are named in one line.
const mostListed = 5

func list(objects []driver.Object) string {
	names := make([]string, 0, mostListed)
	for _, object := range objects {
		if len(names) == mostListed {
			names = append(names, fmt.Sprintf("and %d more", len(objects)-mostListed))
			break
		}
		names = append(names, object.String())
	}
	return strings.Join(names, ", ")
}

func where(place *kube.Target, experiment catalogue.Experiment, ref kube.Ref) string {
	if experiment.Scope == catalogue.Nodes {
		return ref.String()
	}
	namespace := place.Namespace
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return fmt.Sprintf("%s in namespace %s", ref, namespace)
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
