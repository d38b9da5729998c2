package remedy_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// correlating is scaling for alerts of which those about one deployment have one cause; ranks says who comes first.
func correlating(act *scripted, ranks map[string]int) deciderFunc {
	return func(a alert.Alert) (*remedy.Decision, error) {
		decision, err := scaling(act)(a)
		decision.Cause, decision.Window, decision.Rank = "deployment="+a.Labels["deployment"], time.Second, ranks[a.Name()]
		return decision, err
	}
}

// send hands over a message about an alert whose fingerprint is its name.
func (b bench) send(t *testing.T, status, name string, starts, ends time.Time) history.Entry {
	t.Helper()
	entry, err := b.Receive(t.Context(), alert.Alert{
		Status: status, Fingerprint: name, StartsAt: starts, EndsAt: ends, Labels: map[string]string{"alertname": name, "deployment": "web"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func TestAlertsOfOneCauseLeadToOneAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(correlating(&scripted{applies: 5 * time.Second}, map[string]int{"Slow": 2, "Errors": 1, "Down": 0}))
		slow := b.receive(t, "Slow", "web")
		pass(t, 500*time.Millisecond)
		down := b.receive(t, "Down", "web")
		again := b.receive(t, "Down", "web")
		elsewhere := b.receive(t, "SlowToo", "cart")
		pass(t, 2*time.Second)
		errors := b.receive(t, "Errors", "web")
		pass(t, 25*time.Second)
		late := b.receive(t, "Errors", "web")
		b.Close()
		for _, test := range []struct {
			entry history.Entry
			want  string
		}{
			{slow, "correlated: one cause with Down (deployment=web)"},
			{down, "succeeded"},
			{again, "duplicate: alert Down: action " + down.ID + " waits for others with the same cause"},
			{elsewhere, "succeeded"},
			{errors, "correlated: cause deployment=web: action " + down.ID + " is in progress"},
			{late, "correlated: cause deployment=web: action " + down.ID + " ended recently, the cooldown lasts 38.5s more"},
		} {
			if got := b.outcome(test.entry); got != test.want {
				t.Errorf("outcome is %q, want %q", got, test.want)
			}
		}
		if entry, _ := b.history.Get(slow.ID); entry.CorrelatedWith != down.ID {
			t.Errorf("it is correlated with %q, want %q", entry.CorrelatedWith, down.ID)
		}
	})
}

// TestTheRestOfACauseIsActedUpon when the alert that would have been chosen is over.
func TestTheRestOfACauseIsActedUpon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(correlating(&scripted{}, map[string]int{"Slow": 1}))
		down := b.receive(t, "Down", "web")
		slow := b.receive(t, "Slow", "web")
		b.send(t, alert.Resolved, "Down", time.Time{}, time.Now())
		b.Close()
		if got, want := b.outcome(down), "resolved: the alert was over before anything was done"; got != want {
			t.Errorf("outcome is %q, want %q", got, want)
		}
		if got := b.outcome(slow); got != "succeeded" {
			t.Errorf("outcome of the other is %q", got)
		}
	})
}

func TestAnAlertThatIsOverIsWithdrawnFromTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := func(config *remedy.Config) { config.Parallel = 1 }
		b := newBench(scaling(&scripted{applies: 5 * time.Second}), one)
		first := b.receive(t, "A", "web")
		synctest.Wait()
		waits := b.receive(t, "B", "cart")
		synctest.Wait()
		if b.Waiting() != 1 {
			t.Errorf("%d actions wait, want 1", b.Waiting())
		}
		b.send(t, alert.Resolved, "A", time.Time{}, time.Now()) // too late, it has begun
		b.send(t, alert.Resolved, "B", time.Time{}, time.Now())
		synctest.Wait()
		if got, want := b.outcome(waits), "resolved: the alert was over before anything was done"; got != want {
			t.Errorf("outcome is %q, want %q", got, want)
		}
		pass(t, 10*time.Second)
		again := b.receive(t, "B", "cart") // nothing was done, so that there is no cooldown
		b.Close()
		if got := b.outcome(first) + ", " + b.outcome(again); got != "succeeded, succeeded" {
			t.Errorf("outcomes are %q", got)
		}
	})
}

// TestMessagesOutOfOrder ignores the start of an alert whose end is known, and answers the next one.
func TestMessagesOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{}))
		start := time.Now()
		pass(t, time.Minute)
		b.send(t, alert.Resolved, "A", start, time.Now())
		overtaken := b.send(t, alert.Firing, "A", start, time.Time{})
		next := b.send(t, alert.Firing, "A", time.Now(), time.Time{})
		b.Close()
		if got, want := b.outcome(overtaken), "resolved: the alert was over before the message that it fires arrived"; got != want {
			t.Errorf("outcome is %q, want %q", got, want)
		}
		if got := b.outcome(next); got != "succeeded" {
			t.Errorf("outcome of the next is %q", got)
		}
	})
}

// TestTheMostUrgentHaveTheirTurnFirst lets six alerts wait for one slot.
func TestTheMostUrgentHaveTheirTurnFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := func(config *remedy.Config) { config.Parallel = 1 }
		b := newBench(scaling(&scripted{applies: time.Second}), one)
		for _, name := range []string{"info-1", "warning-1", "critical-1", "warning-2", "info-2", "critical-2"} {
			severity, _, _ := strings.Cut(name, "-")
			_, err := b.Receive(t.Context(), alert.Alert{
				Status: alert.Firing, Fingerprint: name,
				Labels: map[string]string{"alertname": name, "deployment": name, "severity": severity},
			})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		pass(t, 10*time.Second)
		b.Close()
		order := map[time.Duration]string{}
		entries := b.history.List(history.Filter{})
		for _, entry := range entries {
			order[entry.BegunAt.Sub(entries[0].StartedAt)] = entry.Alertname
		}
		want := map[time.Duration]string{
			0: "info-1", time.Second: "critical-1", 2 * time.Second: "critical-2", 3 * time.Second: "warning-1",
			4 * time.Second: "warning-2", 5 * time.Second: "info-2",
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("begun (-want +got):\n%s", diff)
		}
	})
}
