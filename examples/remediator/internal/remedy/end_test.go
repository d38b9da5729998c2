package remedy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// returning is an action that does not help and can be taken back.
type returning struct {
	scripted
	undone    int
	undoError error
}

func (r *returning) Apply(ctx context.Context, cluster action.Cluster, target action.Target) (action.Change, error) {
	change, err := r.scripted.Apply(ctx, cluster, target)
	change.Undo = func(context.Context) error {
		r.undone++
		return r.undoError
	}
	return change, err
}

// takingBack decides as scaling does and asks for a way back.
func takingBack(act action.Action) deciderFunc {
	return func(a alert.Alert) (*remedy.Decision, error) {
		decision, err := scaling(act)(a)
		decision.Rollback = true
		return decision, err
	}
}

func TestAChangeThatDoesNotHelpIsTakenBack(t *testing.T) {
	sick := errors.New("the pods crash")
	for name, test := range map[string]struct {
		act    action.Action
		decide func(action.Action) deciderFunc
		want   string
	}{
		"asked for":     {&returning{scripted: scripted{verifyFail: sick}}, takingBack, "rolled_back: the pods crash; it was taken back"},
		"not asked for": {&returning{scripted: scripted{verifyFail: sick}}, scaling, "failed: the pods crash"},
		"no way back":   {&scripted{verifyFail: sick}, takingBack, "failed: the pods crash; there is nothing to take back"},
		"it helped":     {&returning{}, takingBack, "succeeded"},
		"fails, too": {
			&returning{scripted: scripted{verifyFail: sick}, undoError: errors.New("no")},
			takingBack, "failed: the pods crash; to take it back failed, too: no",
		},
		"too slow": {
			&returning{scripted: scripted{verifies: time.Hour}}, takingBack,
			"rolled_back: timed out after 10s: not healthy in time: 1 of 2 replicas were available; it was taken back",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(test.decide(test.act))
				entry := b.receive(t, "HighLoad", "web")
				b.Close()
				if got := b.outcome(entry); got != test.want {
					t.Errorf("outcome is %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestTheAlertChoosesTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(scaling(&scripted{}), func(c *remedy.Config) { c.Clusters = map[string]action.Cluster{"east": {DryRun: true}} })
		for cluster, want := range map[string]string{
			"east": "dry_run: the API server accepted the change as a dry run; nothing was stored",
			"":     "succeeded",
			"west": `failed: the alert is about cluster "west", which no flag --cluster names`,
		} {
			entry, err := b.Receive(t.Context(), alert.Alert{
				Status: alert.Firing, Fingerprint: cluster, Labels: map[string]string{"alertname": "A", "deployment": "web", "cluster": cluster},
			})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := b.outcome(entry); got != want {
				t.Errorf("cluster %q: outcome is %q, want %q", cluster, got, want)
			}
		}
		b.Close()
	})
}

func TestEveryEndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan history.Entry, 2)
		b := newBench(scaling(&scripted{applies: time.Second}), func(c *remedy.Config) {
			c.Notify = func(_ context.Context, entry history.Entry) error {
				told <- entry
				return errors.New("the webhook is away, which changes nothing")
			}
		})
		b.receive(t, "HighLoad", "web")
		b.receive(t, "HighLoad", "web")
		b.Close()
		if first, second := <-told, <-told; first.Status != history.Duplicate || second.Status != history.Succeeded {
			t.Errorf("told are %s and %s, want the duplicate and then the success", first.Status, second.Status)
		}
	})
}

func TestADecisionToDoNothingIsRecordedWithItsReason(t *testing.T) {
	b := newBench(deciderFunc(func(alert.Alert) (*remedy.Decision, error) {
		return &remedy.Decision{NoAction: "the model is not sure", Model: &history.Opinion{Confidence: 0.2}}, nil
	}))
	entry := b.receive(t, "HighLoad", "web")
	b.Close()
	if got := b.outcome(entry); got != "no_action: the model is not sure" || entry.Target != nil || entry.Model.Confidence != 0.2 {
		t.Errorf("outcome is %q of %+v", got, entry)
	}
}
