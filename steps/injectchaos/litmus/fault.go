package litmus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// fault is one experiment of Litmus.
type fault struct {
	request  driver.Request
	config   Config
	env      map[string]string
	aim      aim
	define   bool // the kinds of Litmus are missing and may be defined
	second   bool // the cluster has Litmus 2
	patience time.Duration

	engine   string
	uid      types.UID
	entry    step.Entry
	injected time.Time
	said     string

	outcome outcome
	proof   string
	hit     int
	decided time.Duration
}

// Targets are what the experiment is pointed at.
func (f *fault) Targets() []driver.Object {
	out := make([]driver.Object, len(f.aim.targets))
	for i, t := range f.aim.targets {
		out[i] = driver.Object{Kind: t.GetKind(), Name: t.GetName(), Namespace: t.GetNamespace()}
	}
	return out
}

// Candidates is how many there were to choose from.
func (f *fault) Candidates() int { return f.aim.candidates }

// Inject creates what the engine needs, writes how to stop it into the ledger, and creates it.
func (f *fault) Inject(ctx context.Context) error {
	f.engine = name(f.request.Experiment) + "-" + rand.String(5)
	account, err := f.prepare(ctx)
	if err != nil {
		return err
	}
	engine, err := f.newEngine(account)
	if err != nil {
		return err
	}
	scenario := f.request.Run.Scenario
	engine.SetLabels(map[string]string{kube.RunLabel: scenario.RunID, kube.ScenarioLabel: scenario.ID})
	place := f.request.Place
	f.entry, err = f.request.Run.Record(ctx, undoEngine, running{
		Cluster: place.Cluster.Name, Connection: place.Cluster.Connection, Server: place.Cluster.Server(), Namespace: f.aim.namespace, Engine: f.engine,
	})
	if err != nil {
		return err
	}
	f.injected = time.Now()
	applied, err := place.Create(ctx, engine, kube.Change{Keep: true}) // the ledger has its own entry
	if err != nil {
		if _, refused := errors.AsType[*apierrors.StatusError](err); refused && !kube.Transient(err) {
			err = errors.Join(err, f.entry.Forget(ctx))
		}
		return err
	}
	f.uid = applied.Object.GetUID()
	return nil
}

// Proof waits until the fault is seen. A single act is also waited for until its verdict.
func (f *fault) Proof(ctx context.Context) error {
	toTheEnd := f.request.Experiment.Momentary && f.request.Duration == 0
	v, err := f.follow(ctx, func(v *view) (bool, error) {
		if !toTheEnd && f.proved(v) {
			return true, nil
		}
		return v.result.final() && v.over(), nil
	})
	if err := f.settled(ctx, v, err); err != nil {
		return err
	}
	if f.proof != "" {
		return nil
	}
	if err := f.lookAgain(ctx, v); err != nil {
		return err
	}
	if !f.proved(v) {
		return &driver.Unseen{Last: f.unseen(), Cause: errUndecided}
	}
	return nil
}

// unseen says what was missing although the experiment is over.
func (f *fault) unseen() string {
	if f.watched() {
		return fmt.Sprintf("Litmus's verdict is %s, but not all of %s were seen hit", f.outcome.verdict, f.aim.names())
	}
	return fmt.Sprintf("Litmus's verdict is %s, but its ChaosResult names no target that it hit", f.outcome.verdict)
}

// Hold waits for the verdict.
func (f *fault) Hold(ctx context.Context) error {
	f.request.Run.Progress("%s holds for %s, then LitmusChaos judges", f.request.Experiment.Name, f.request.Duration)
	v, err := f.follow(ctx, func(v *view) (bool, error) { return v.result.final() && v.over(), nil })
	return f.settled(ctx, v, err)
}

// settled takes over what was seen, and turns it into the error that it means.
func (f *fault) settled(ctx context.Context, v *view, err error) error {
	if errors.Is(err, errUndecided) {
		err = f.decide(ctx, v)
	}
	f.take(v)
	switch failure, ok := errors.AsType[*step.Failure](err); {
	case ctx.Err() != nil:
		f.halt(ctx)
		return fmt.Errorf("%s: %w", v.result, ctx.Err())
	case ok && failure.Sections == nil:
		return f.explained(ctx, v, failure)
	case err != nil:
		return err
	}
	if !v.result.final() {
		return nil
	}
	if failure := f.judgement(v.result); failure != nil {
		return f.explained(ctx, v, failure)
	}
	return nil
}

// decide reads the result once more after the engine is over.
func (f *fault) decide(ctx context.Context, v *view) error {
	results, err := f.request.Place.List(ctx, kube.Ref{APIVersion: version, Kind: "ChaosResult", Namespace: f.aim.namespace})
	if err != nil {
		return err
	}
	v.result = f.own(results)
	if v.result.final() {
		return nil
	}
	return f.errored("the ChaosEngine %s is over without a verdict: %s", f.engine, v.result)
}

// take remembers what the outputs need.
func (f *fault) take(v *view) {
	f.outcome = v.result
	f.proved(v)
	f.hit = max(f.hit, len(v.result.targets), f.hitIn(v))
	if v.result.final() && f.decided == 0 {
		f.decided = time.Since(f.injected)
	}
}

// halt stops the experiment at once when the step's time is over; the ledger does the rest.
func (f *fault) halt(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), haltTime)
	defer cancel()
	ref := kube.Ref{APIVersion: version, Kind: "ChaosEngine", Name: f.engine, Namespace: f.aim.namespace}
	if err := stopEngine(ctx, f.request.Place, ref); err != nil && !kube.IsNotFound(err) {
		f.request.Run.Progress("the ChaosEngine %s could not be stopped at once: %s", f.engine, err)
	}
}

const haltTime = 5 * time.Second

// Remove stops the engine and removes it with all that belongs to it.
func (f *fault) Remove(ctx context.Context) error { return f.entry.Undo(ctx) }

// Gone waits until the effect is no longer seen.
func (f *fault) Gone(ctx context.Context) error {
	last := "nothing was seen yet"
	err := f.request.Place.Watch(ctx, f.aim.query, func(shot kube.Snapshot) (bool, error) {
		missing := f.missing(shot)
		last = strings.Join(missing, ", ")
		return len(missing) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return &driver.Unseen{Last: last, Cause: err}
	}
	return err
}

// Result says what came of it.
func (f *fault) Result() driver.Result {
	result := driver.Result{
		Hit: f.hit, Phase: f.outcome.phase, FailStep: f.outcome.failStep, ProbeSuccessPercentage: f.outcome.percentage,
		Probes: f.outcome.probes, Proof: f.proof, VerdictAfter: f.decided, Reference: f.engine,
	}
	if f.outcome.final() {
		result.Verdict = f.outcome.verdict
	}
	return result
}
