package fail

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

func TestContract(t *testing.T) { steptest.Contract(t, New()) }

func TestFailsWithItsMessage(t *testing.T) {
	u := steptest.Use{Definition: New(), Run: &step.Run{Scope: eval.Scope{"vars": map[string]any{"count": 7}}}}
	for body, want := range map[string]string{
		"100% wrong": "100% wrong",
		"{message: \"storm of ${{ vars.count }} messages\"}": "storm of 7 messages",
	} {
		_, err := u.Do(t.Context(), t, body)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
		if v := step.VerdictOf(err); v != step.Failed {
			t.Errorf("%s: verdict is %s, want failed", body, v)
		}
	}
}

func TestMistakes(t *testing.T) {
	for body, want := range map[string]string{
		`[wrong]`:      `step.yaml:1:1: fail: expected a mapping, found a list [wrong-type]`,
		`{message: 3}`: "",
		`""`:           `step.yaml:1:1: the message is empty; say what is wrong [invalid-value]`,
		`{msg: wrong}`: `step.yaml:1:1: fail needs "message": what is wrong, for the reader of the report [missing-field]`,
	} {
		_, got := steptest.Use{Definition: New()}.Compile(t, body)
		line, _, _ := strings.Cut(got, "\n")
		if line != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, line, want)
		}
	}
}

func TestEmptyMessageIsNoVerdict(t *testing.T) {
	_, err := steptest.Use{Definition: New()}.Do(t.Context(), t, `${{ "" }}`)
	const want = "the message is empty; say what is wrong"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v (%s), want %q (errored)", err, step.VerdictOf(err), want)
	}
}
