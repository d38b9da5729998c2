package remedy_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// scripted is an action that lasts as long, and ends as, a test says.
type scripted struct {
	applies, verifies      time.Duration
	applyError, verifyFail error
}

func (*scripted) Validate() error { return nil }

func (s *scripted) Apply(ctx context.Context, _ action.Cluster, _ action.Target) (action.Change, error) {
	if err := wait(ctx, s.applies); err != nil {
		return action.Change{}, err
	}
	if s.applyError != nil {
		return action.Change{}, s.applyError
	}
	verify := func(ctx context.Context) error {
		if err := wait(ctx, s.verifies); err != nil {
			return errors.New("not healthy in time: 1 of 2 replicas were available")
		}
		return s.verifyFail
	}
	return action.Change{Before: action.State{"replicas": 1}, After: action.State{"replicas": 2}, Verify: verify}, nil
}

// wait lets virtual time pass.
func wait(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass lets virtual time pass in a test.
func pass(t *testing.T, duration time.Duration) {
	t.Helper()
	if err := wait(t.Context(), duration); err != nil {
		t.Fatal(err)
	}
}

// deciderFunc lets a function decide.
type deciderFunc func(a alert.Alert) (*remedy.Decision, error)

func (f deciderFunc) Decide(_ context.Context, a alert.Alert) (*remedy.Decision, error) { return f(a) }

// scaling decides that the deployment of the alert's label is to be acted on.
func scaling(act action.Action) deciderFunc {
	return func(a alert.Alert) (*remedy.Decision, error) {
		return &remedy.Decision{
			ActionName: "scale_deployment", Action: act, Cooldown: time.Minute, Timeout: 10 * time.Second,
			Target: action.Target{Kind: "Deployment", Namespace: "shop", Name: a.Labels["deployment"]},
		}, nil
	}
}

// bench is a remediator with what it writes to.
type bench struct {
	*remedy.Remediator
	history *history.History
	metrics *metric.Metrics
}

// newBench returns a remediator that decides by decider.
func newBench(decider remedy.Decider, change ...func(*remedy.Config)) bench {
	config := remedy.Config{
		Decider: decider, History: history.New(100, nil), Metrics: metric.New(),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 4,
	}
	for _, apply := range change {
		apply(&config)
	}
	return bench{remedy.New(config), config.History, config.Metrics}
}

// receive hands an alert over; its fingerprint is its name.
func (b bench) receive(t *testing.T, name, deployment string) history.Entry {
	t.Helper()
	entry, err := b.Receive(t.Context(), alert.Alert{
		Status: alert.Firing, Fingerprint: name, Labels: map[string]string{"alertname": name, "deployment": deployment},
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// outcome returns status and reason of an entry as they are now.
func (b bench) outcome(entry history.Entry) string {
	now, _ := b.history.Get(entry.ID)
	return strings.TrimSuffix(string(now.Status)+": "+now.Reason, ": ")
}

func TestAnActionPassesThroughItsStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{applies: time.Second, verifies: 2 * time.Second}))
		entry := b.receive(t, "HighLoad", "web")
		if entry.Status != history.Received || entry.FinishedAt != nil {
			t.Errorf("the answer is %+v, want an entry that is received", entry)
		}
		synctest.Wait()
		if got := b.outcome(entry); got != "executing" {
			t.Errorf("while the action runs it is %q", got)
		}
		b.Close()
		done, _ := b.history.Get(entry.ID)
		if done.Status != history.Succeeded || done.FinishedAt.Sub(done.StartedAt) != 3*time.Second {
			t.Errorf("in the end it is %+v, want success after 3s", done)
		}
		if diff := cmp.Diff(action.State{"replicas": 2}, done.After); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
	})
}

func TestFailuresSayWhy(t *testing.T) {
	for name, test := range map[string]struct {
		action scripted
		want   string
	}{
		"change refused":  {scripted{applyError: errors.New("scale Deployment shop/web: forbidden")}, "failed: scale Deployment shop/web: forbidden"},
		"never healthy":   {scripted{verifies: time.Hour}, "failed: timed out after 10s: not healthy in time: 1 of 2 replicas were available"},
		"health refuted":  {scripted{verifyFail: errors.New("the rollout exceeded its progress deadline: x")}, "failed: the rollout exceeded its progress deadline: x"},
		"change too slow": {scripted{applies: time.Hour}, "failed: timed out after 10s: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(scaling(&test.action))
				entry := b.receive(t, "HighLoad", "web")
				b.Close()
				if got := b.outcome(entry); got != test.want {
					t.Errorf("outcome is %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestDuplicatesInProgressAndWithinTheCooldown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{applies: 5 * time.Second}))
		first := b.receive(t, "HighLoad", "web")
		during := b.receive(t, "HighLoad", "web")
		pass(t, 25*time.Second) // the action ends after 5s, 20s of the cooldown pass
		after := b.receive(t, "HighLoad", "web")
		pass(t, 40*time.Second-time.Nanosecond)
		atTheEdge := b.receive(t, "HighLoad", "web")
		pass(t, time.Nanosecond)
		again := b.receive(t, "HighLoad", "web")
		b.Close()
		for _, test := range []struct {
			entry history.Entry
			want  string
		}{
			{first, "succeeded"},
			{during, "duplicate: alert HighLoad: action " + first.ID + " is in progress"},
			{after, "duplicate: alert HighLoad: action " + first.ID + " ended recently, the cooldown lasts 40s more"},
			{atTheEdge, "duplicate: alert HighLoad: action " + first.ID + " ended recently, the cooldown lasts 0s more"},
			{again, "succeeded"},
		} {
			if got := b.outcome(test.entry); got != test.want {
				t.Errorf("outcome is %q, want %q", got, test.want)
			}
		}
	})
}

func TestTwoAlertsDoNotLeadToTheSameActionTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{applies: time.Second}))
		first := b.receive(t, "HighLoad", "web")
		sameTarget := b.receive(t, "HighRequestLatency", "web")
		otherTarget := b.receive(t, "HighRequestLatency", "cart")
		b.Close()
		if got, want := b.outcome(sameTarget), "duplicate: scale_deployment of Deployment shop/web: action "+first.ID+" is in progress"; got != want {
			t.Errorf("outcome is %q, want %q", got, want)
		}
		if got := b.outcome(otherTarget); got != "succeeded" {
			t.Errorf("the other target's outcome is %q", got)
		}
	})
}

func TestAlertsWithoutAnAction(t *testing.T) {
	forbidden := func(alert.Alert) (*remedy.Decision, error) {
		return &remedy.Decision{ActionName: "restart_pod", Forbidden: `the rules forbid actions in namespace "kube-system"`}, nil
	}
	unclear := func(alert.Alert) (*remedy.Decision, error) {
		return &remedy.Decision{ActionName: "restart_pod"}, errors.New(`the alert has no label "pod"`)
	}
	nothing := func(alert.Alert) (*remedy.Decision, error) { return nil, nil }
	for name, test := range map[string]struct {
		decider      deciderFunc
		status, want string
	}{
		"no rule":   {nothing, alert.Firing, "no_action: no rule matches the alert"},
		"forbidden": {forbidden, alert.Firing, `forbidden: the rules forbid actions in namespace "kube-system"`},
		"unclear":   {unclear, alert.Firing, `failed: the alert has no label "pod"`},
		"resolved":  {unclear, alert.Resolved, "resolved: the alert is over"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(test.decider)
			entry, err := b.Receive(t.Context(), alert.Alert{Status: test.status, Labels: map[string]string{"alertname": "A"}})
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
			if got := b.outcome(entry); got != test.want {
				t.Errorf("outcome is %q, want %q", got, test.want)
			}
		})
	}
}

func TestADryRunIsNotVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dry := func(config *remedy.Config) { config.Cluster.DryRun = true }
		b := newBench(scaling(&scripted{verifies: time.Hour}), dry)
		entry := b.receive(t, "HighLoad", "web")
		b.Close()
		want := "dry_run: the API server accepted the change as a dry run; nothing was stored"
		if got := b.outcome(entry); got != want {
			t.Errorf("outcome is %q, want %q", got, want)
		}
	})
}

func TestClosingEndsWhatHasBegunAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := func(config *remedy.Config) { config.Parallel = 1 }
		b := newBench(scaling(&scripted{applies: 5 * time.Second}), one)
		begun := b.receive(t, "A", "web")
		synctest.Wait()
		queued := b.receive(t, "B", "cart")
		synctest.Wait()
		if got := b.outcome(queued); got != "received" {
			t.Errorf("beyond the limit an action is %q, want it to wait", got)
		}
		b.Close()
		if got := b.outcome(begun); got != "succeeded" {
			t.Errorf("what had begun is %q", got)
		}
		if got, want := b.outcome(queued), "failed: the remediator stopped before the action began"; got != want {
			t.Errorf("what had not begun is %q, want %q", got, want)
		}
		if _, err := b.Receive(t.Context(), alert.Alert{Status: alert.Firing}); !errors.Is(err, remedy.ErrStopping) {
			t.Errorf("an alert after the end leads to error %v", err)
		}
	})
}

// fullDisk is a sink that refuses everything.
type fullDisk struct{}

func (fullDisk) Append(history.Entry) error { return errors.New("disk full") }

func TestNothingIsDoneWithoutARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executed := false
		decider := func(alert.Alert) (*remedy.Decision, error) {
			return &remedy.Decision{ActionName: "x", Action: watched{&executed}, Timeout: time.Second}, nil
		}
		b := newBench(deciderFunc(decider), func(config *remedy.Config) { config.History = history.New(9, fullDisk{}) })
		_, err := b.Receive(t.Context(), alert.Alert{Status: alert.Firing})
		b.Close()
		if err == nil || !strings.HasSuffix(err.Error(), "disk full") {
			t.Errorf("error is %v, want that of the sink", err)
		}
		if executed {
			t.Error("the action was executed")
		}
	})
}

// watched is an action that tells that it was executed.
type watched struct{ executed *bool }

func (watched) Validate() error { return nil }

func (w watched) Apply(context.Context, action.Cluster, action.Target) (action.Change, error) {
	*w.executed = true
	return action.Change{}, nil
}

func TestWhatHappensIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{verifies: 2 * time.Second}))
		b.receive(t, "HighLoad", "web")
		b.receive(t, "HighLoad", "web")
		b.Close()
		var text strings.Builder
		if err := b.metrics.Write(&text); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			`remediator_alerts_received_total{alertname="HighLoad",status="firing"} 2`,
			`remediator_actions_total{action="scale_deployment",status="succeeded"} 1`,
			`remediator_actions_total{action="scale_deployment",status="duplicate"} 1`,
			`remediator_action_duration_seconds_sum{action="scale_deployment"} 2`,
		} {
			if !strings.Contains(text.String(), line+"\n") {
				t.Errorf("the metrics lack %s:\n%s", line, text.String())
			}
		}
	})
}
