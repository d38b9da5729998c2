package litmus_test

import (
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// plan asks an impatient driver for a fault, as the step does.
func (l *lab) plan(config litmus.Config, name, target string, duration time.Duration) (driver.Fault, error) {
	l.t.Helper()
	experiment, ok := catalogue.Get(name)
	if !ok {
		l.t.Fatalf("there is no experiment %s", name)
	}
	ref, err := kube.ParseRef(target)
	if err != nil {
		l.t.Fatal(err)
	}
	values, mistakes := experiment.Check(nil)
	if len(mistakes) > 0 {
		l.t.Fatal(mistakes)
	}
	place, err := l.Env.Target(l.ctx, l.Run)
	if err != nil {
		l.t.Fatal(err)
	}
	return litmus.NewImpatient(config, time.Second).Plan(l.ctx, driver.Request{
		Experiment: experiment, Selection: driver.Selection{Reference: ref}, Parameters: values, Duration: duration, Place: place, Run: l.Run,
	})
}

// direct runs an experiment until its proof, which is expected to fail, and undoes it.
func (l *lab) direct(t *testing.T, config litmus.Config, name, target string, duration time.Duration, undos []step.Undo) error {
	t.Helper()
	other := l.on(undos)
	fault, err := other.plan(config, name, target, duration)
	if err != nil {
		t.Fatal(err)
	}
	if err := fault.Inject(l.ctx); err != nil {
		t.Fatal(err)
	}
	err = fault.Proof(l.ctx)
	if err == nil {
		t.Fatal("the fault was proved")
	}
	if closing := other.Host.Close(); closing != nil {
		t.Fatal(closing)
	}
	return err
}
