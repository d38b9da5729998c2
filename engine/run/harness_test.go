package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var _ Journal = (*journal.Writer)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a step whose behaviour is a function.
type fake func(ctx context.Context, run *step.Run) (map[string]any, error)

func (f fake) Run(ctx context.Context, run *step.Run) (map[string]any, error) { return f(ctx, run) }
func (f fake) Blocks() []step.Block                                           { return nil }
func (f fake) Outputs() eval.Type                                             { return eval.AnyType }

// passes, fails, breaks and doubts are steps that end at once.
func passes(context.Context, *step.Run) (map[string]any, error) { return nil, nil }

func fails(context.Context, *step.Run) (map[string]any, error) {
	return nil, step.Fail("the answer is 41").With("answer", 41)
}

func breaks(context.Context, *step.Run) (map[string]any, error) {
	return nil, errors.New("connection refused")
}

func doubts(context.Context, *step.Run) (map[string]any, error) {
	return nil, step.Inconclude("nothing was hit")
}

func declines(context.Context, *step.Run) (map[string]any, error) {
	return nil, step.Skip("there is no Litmus here")
}

// takes is a step that takes d, unless it is told to stop.
func takes(d time.Duration) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		run.Progress("working")
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return map[string]any{"done": true}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// outputs is a step with outputs.
func outputs(kv ...any) fake {
	return func(context.Context, *step.Run) (map[string]any, error) {
		out := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out, nil
	}
}

// changes is a step that records an undo called undo with data, and then does next.
func changes(undo, data string, next fake) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		if _, err := run.Record(ctx, undo, data); err != nil {
			return nil, err
		}
		return next(ctx, run)
	}
}

// contains is a step that runs nested steps.
func contains(nested *scenario.Block) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		_, err := run.Host.Execute(ctx, step.Block{Steps: nested}, step.Execution{})
		return nil, err
	}
}

// set changes a step.
type set func(*scenario.Step)

func always(s *scenario.Step)          { s.Always = true }
func background(s *scenario.Step)      { s.Background = true }
func continueOnError(s *scenario.Step) { s.ContinueOnError = true }

func timeout(d time.Duration) set { return func(s *scenario.Step) { s.Timeout = d } }

func needs(steps ...*scenario.Step) set {
	return func(s *scenario.Step) { s.Needs = append(s.Needs, steps...) }
}

// condition makes the step depend on an expression over vars, steps and scenario.
func condition(t *testing.T, source string) set {
	t.Helper()
	p, problem := environment().Compile(source, eval.Any)
	if problem != nil {
		t.Fatalf("%s: %v", source, problem)
	}
	return func(s *scenario.Step) { s.If = p }
}

func environment() *eval.Env {
	env := eval.NewEnv()
	for _, name := range []string{"vars", "steps", "scenario", "env", "secrets", "item", "cluster"} {
		env = env.With(name, eval.MapOf(eval.AnyType))
	}
	return env
}

func newStep(id string, task fake, sets ...set) *scenario.Step {
	s := &scenario.Step{ID: id, Named: true, Kind: "fake", Title: id, Task: task}
	for _, change := range sets {
		change(s)
	}
	return s
}

// list makes a block whose steps run one after the other as the loader does it: a step with needs waits only for those,
// and a background step is waited for only to have started.
func list(steps ...*scenario.Step) scenario.Block {
	for i, s := range steps {
		if s.Needs != nil {
			s.After = append(s.After, s.Needs...)
			continue
		}
		for j := i - 1; j >= 0; j-- {
			if !steps[j].Background {
				s.After = append(s.After, steps[j])
				break
			}
			s.AfterStart = append(s.AfterStart, steps[j])
		}
	}
	return scenario.Block{Steps: steps}
}

// together makes a block whose steps start together unless they have needs.
func together(steps ...*scenario.Step) scenario.Block {
	for _, s := range steps {
		s.After = append(s.After, s.Needs...)
	}
	return scenario.Block{Steps: steps}
}

func story(name string, main scenario.Block, finally ...*scenario.Step) *scenario.Scenario {
	return &scenario.Scenario{Key: name, Name: name, Steps: main, Finally: list(finally...)}
}

// recorder is a journal in memory.
type recorder struct {
	mu      sync.Mutex
	start   time.Time
	events  []journal.Event
	secrets []string
	fail    func(journal.Event) error
	on      func(journal.Event) // called without the lock
}

func (r *recorder) Append(e journal.Event) error {
	r.mu.Lock()
	if r.fail != nil {
		if err := r.fail(e); err != nil {
			r.mu.Unlock()
			return err
		}
	}
	e.Time = time.Now()
	if r.events == nil {
		r.start = e.Time
	}
	r.events = append(r.events, e)
	r.mu.Unlock()
	if r.on != nil {
		r.on(e)
	}
	return nil
}

func (r *recorder) AppendDurable(_ context.Context, e journal.Event) error { return r.Append(e) }

func (r *recorder) Mask(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, secret)
}

// lines writes the events that are of interest: when, what, whose, how.
func (r *recorder) lines(kinds ...journal.Kind) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.events {
		if len(kinds) > 0 && !slices.Contains(kinds, e.Kind) {
			continue
		}
		out = append(out, r.line(e))
	}
	return out
}

func (r *recorder) line(e journal.Event) string {
	parts := []string{length(e.Time.Sub(r.start)), string(e.Kind)}
	if e.Step != "" || e.Scenario != "" {
		parts = append(parts, cmp.Or(e.Step, e.Scenario))
	}
	if e.Undo != nil {
		parts = append(parts, fmt.Sprintf("#%d %s", e.Undo.ID, e.Undo.Describe))
		if e.Undo.Forgotten {
			parts = append(parts, "forgotten")
		}
	}
	if e.Result != nil {
		parts = append(parts, string(e.Result.Verdict))
		if e.Result.Excused {
			parts = append(parts, "excused")
		}
		if e.Result.Cause != "" {
			parts = append(parts, "cause="+e.Result.Cause)
		}
		if e.Result.ExitCode != 0 {
			parts = append(parts, fmt.Sprintf("exit=%d", e.Result.ExitCode))
		}
		if len(e.Result.Left) > 0 {
			parts = append(parts, fmt.Sprintf("left=%q", e.Result.Left))
		}
		if e.Result.Message != "" {
			parts = append(parts, "| "+e.Result.Message)
		}
	}
	if e.Message != "" {
		parts = append(parts, "| "+e.Message)
	}
	return strings.Join(parts, " ")
}

// results writes how each step and scenario ended.
func (r *recorder) results() []string {
	return r.lines(journal.StepFinished, journal.ScenarioFinished)
}

// one returns the only event of a kind for a step or scenario.
func (r *recorder) one(t *testing.T, kind journal.Kind, name string) journal.Event {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []journal.Event
	for _, e := range r.events {
		if e.Kind == kind && cmp.Or(e.Step, e.Scenario) == name {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d events %s of %s; want one", len(found), kind, name)
	}
	return found[0]
}

// desk keeps what undos did.
type desk struct {
	mu   sync.Mutex
	done []string
}

func (d *desk) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, fmt.Sprintf(format, args...))
}

// undos are: quick; slow, whose effect takes 30 s; broken, which fails; stuck, whose effect never comes.
func (d *desk) undos() []step.Undo {
	describe := func(s string) string { return "delete " + s }
	start := func(_ context.Context, s string) error {
		d.note("start %s", s)
		return nil
	}
	return []step.Undo{
		step.DefineUndo("quick", describe, start, nil),
		step.DefineUndo("slow", describe, start, func(ctx context.Context, s string) error {
			if !pause(ctx, 30*time.Second) {
				return ctx.Err()
			}
			d.note("gone %s", s)
			return nil
		}),
		step.DefineUndo("broken", describe, func(_ context.Context, s string) error {
			d.note("start %s", s)
			return errors.New("forbidden")
		}, nil),
		step.DefineUndo("stuck", describe, start, func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}),
		{Name: "panics", Start: func(context.Context, json.RawMessage) error { panic("nil map") }},
	}
}

// bench is what a test runs on.
type bench struct {
	t       *testing.T
	journal *recorder
	desk    *desk
	options Options
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, journal: &recorder{}, desk: &desk{}}
	b.options = Options{RunID: "r-01abcde", Journal: b.journal, Undos: b.desk.undos()}
	return b
}

// run runs scenarios and fails the test when the run itself breaks.
func (b *bench) run(ctx context.Context, scenarios ...*scenario.Scenario) Outcome {
	b.t.Helper()
	outcome, err := Run(ctx, scenarios, b.options)
	if err != nil {
		b.t.Fatalf("Run: %v", err)
	}
	return outcome
}

// expect compares lines.
func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// inTime runs a test with a clock of its own, in which waiting costs nothing.
func inTime(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newBench(t)) })
}

// stepsSeen returns the ids in the steps scope of a run, sorted.
func stepsSeen(run *step.Run) string {
	steps, _ := run.Scope["steps"].(map[string]any)
	return strings.Join(slices.Sorted(maps.Keys(steps)), " ")
}

// sorted is for events whose order is left to chance.
func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
