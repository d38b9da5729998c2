package sleep

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

func TestContract(t *testing.T) { steptest.Contract(t, New()) }

func TestSleepsExactlyAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := steptest.NewHost(t)
		u := steptest.Use{Definition: New(), Run: &step.Run{Host: host}}
		start := time.Now()
		got, err := u.Do(t.Context(), t, "{for: 90m, reason: cooldown}")
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 90*time.Minute {
			t.Errorf("took %s, want 1h30m", d)
		}
		if d := cmp.Diff(map[string]any{"slept": 90 * time.Minute}, got); d != "" {
			t.Errorf("outputs (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]string{"sleeping for 1h30m0s: cooldown"}, host.Seen()); d != "" {
			t.Errorf("progress (-want +got):\n%s", d)
		}
	})
}

func TestCancelEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := steptest.Use{Definition: New()}.Do(ctx, t, "1h")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("took %s after the cancellation at 1s", d)
		}
	})
}

func TestDiagnostics(t *testing.T) {
	for name, c := range map[string]struct {
		body, want string
		ok         bool
	}{
		"long":     {"31s", "step.yaml:1:1: warning: a pause of 31s makes every run slow and some runs fail; waitFor goes on as soon as its condition is true [long-sleep]", true},
		"fits":     {"30s", "", true},
		"no unit":  {"5", "step.yaml:1:1: for: 5 has no unit; did you mean 5s? [missing-unit]", false},
		"nothing":  {"{reason: x}", `step.yaml:1:1: sleep needs "for": how long to do nothing [missing-field]`, false},
		"negative": {"-5s", "step.yaml:1:1: for: a duration can't be negative [invalid-value]", false},
	} {
		t.Run(name, func(t *testing.T) {
			task, got := steptest.Use{Definition: New()}.Compile(t, c.body)
			line, _, _ := strings.Cut(got, "\n")
			if line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
			if (task != nil) != c.ok {
				t.Errorf("compiles: %t, want %t", task != nil, c.ok)
			}
		})
	}
}
