package remedy_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// outage is a record that can't be written for a while.
type outage struct {
	from, until time.Time
	written     []history.Status
}

// Append refuses while the outage lasts.
func (o *outage) Append(entry history.Entry) error {
	if now := time.Now(); !now.Before(o.from) && now.Before(o.until) {
		return errors.New("the database is away")
	}
	o.written = append(o.written, entry.Status)
	return nil
}

// TestTheEndOfAnActionIsCaughtUp lets the record come back, and lets the process end before it does.
func TestTheEndOfAnActionIsCaughtUp(t *testing.T) {
	for name, test := range map[string]struct {
		lasts time.Duration
		want  string
		last  history.Status
	}{
		"it comes back":          {10 * time.Second, "succeeded", history.Succeeded},
		"the process ends first": {time.Hour, "executing", history.Executing},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				record := &outage{from: time.Now().Add(time.Second), until: time.Now().Add(time.Second + test.lasts)}
				b := newBench(scaling(&scripted{applies: 2 * time.Second}), func(c *remedy.Config) { c.History = history.New(100, record) })
				entry := b.receive(t, "HighLoad", "web")
				pass(t, time.Second)
				if _, err := b.Receive(t.Context(), alert.Alert{Status: alert.Firing, Fingerprint: "other", Labels: map[string]string{"alertname": "Other"}}); err == nil {
					t.Error("an alert is taken that can't be recorded")
				}
				pass(t, 20*time.Second)
				b.Close()
				if got := b.outcome(entry); got != test.want || record.written[len(record.written)-1] != test.last {
					t.Errorf("the history shows %q, want %q; the record has %v", got, test.want, record.written)
				}
			})
		})
	}
}

// TestCooldownsOutliveTheProcess restores what an earlier process has on record.
func TestCooldownsOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(time.Minute)
		b := newBench(scaling(&scripted{}))
		b.Restore([]history.Entry{
			{
				ID: "before", Alertname: "HighLoad", Fingerprint: "HighLoad", Action: "scale_deployment", Status: history.Succeeded,
				Target: &action.Target{Kind: "Deployment", Namespace: "shop", Name: "web"}, CooldownUntil: &until,
			},
			{ID: "refused", Alertname: "Other", Fingerprint: "Other", Status: history.NoAction},
		})
		if got := len(b.history.List(history.Filter{})); got != 2 {
			t.Errorf("%d entries can be asked for, want those of before", got)
		}
		for _, test := range []struct{ alert, object, want string }{
			{"HighLoad", "cart", "duplicate: alert HighLoad: action before ended recently, the cooldown lasts 1m0s more"},
			{"Busy", "web", "duplicate: scale_deployment of Deployment shop/web: action before ended recently, the cooldown lasts 1m0s more"},
			{"Other", "cart", "succeeded"},
		} {
			entry := b.receive(t, test.alert, test.object)
			synctest.Wait()
			if got := b.outcome(entry); got != test.want {
				t.Errorf("%s of %s: %q, want %q", test.alert, test.object, got, test.want)
			}
		}
		pass(t, time.Minute)
		entry := b.receive(t, "HighLoad", "web")
		b.Close()
		if got := b.outcome(entry); got != "succeeded" {
			t.Errorf("after the cooldown it is %q", got)
		}
	})
}
