package monitor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/monitor"
)

func newMonitor(t *testing.T) step.Definition {
	env := kube.NewEnv(kube.Options{})
	t.Cleanup(env.Close)
	return monitor.New(env)
}

func TestContract(t *testing.T) { steptest.Contract(t, newMonitor(t)) }

// service is a server that is down for some of its requests.
type service struct {
	*httptest.Server
	served atomic.Int64
	enough chan struct{}
}

// newService answers with the statuses in turn, with the last one for ever. enough is closed with the last of them.
func newService(t *testing.T, statuses ...int) *service {
	s := &service{enough: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(s.served.Add(1))
		w.WriteHeader(statuses[min(n, len(statuses))-1])
		if n == len(statuses)+1 {
			close(s.enough)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

type config struct {
	Then string `yaml:"then" shorthand:"true" doc:"What happens then: pass or fail."`
}

// asked is a step that ends when the server was asked often enough.
func (s *service) asked() step.Definition {
	return step.Define(step.Spec[config, struct{}]{
		Name: "asked", Group: step.Flow, Doc: "# asked\n\nWaits for requests.\n",
		Run: func(ctx context.Context, _ *step.Run, c config) (struct{}, error) {
			select {
			case <-s.enough:
			case <-ctx.Done():
				return struct{}{}, context.Cause(ctx)
			}
			if c.Then == "fail" {
				return struct{}{}, step.Fail("as it should")
			}
			return struct{}{}, nil
		},
	})
}

func (s *service) story(t *testing.T, fields, then string) *storytest.Story {
	t.Helper()
	return storytest.Run(t.Context(), t, storytest.Kinds(newMonitor(t), s.asked()), fmt.Sprintf(`steps:
  - id: steady
    monitor:
      http: {url: %q, every: 10ms}
      that: response.status == 200
%s
  - id: story
    asked: %s
  - id: last
    give: 1
finally:
  - id: after
    give: ${{ steps.steady.samples }}
`, s.URL, fields, then))
}

func times(n, status int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = status
	}
	return out
}

func TestAServiceThatIsUpAllTheTime(t *testing.T) {
	s := newService(t, times(5, 200)...).story(t, "", "pass")
	out := s.Result(t, "steady").Outputs
	if s.Verdict != step.Passed || out["availability"] != 1.0 || out["samples"].(int) < 5 {
		t.Errorf("%s: %s, %v", s.Verdict, s.Message, out)
	}
	if got := s.Result(t, "after").Outputs["value"]; got != out["samples"] {
		t.Errorf("finally saw %v samples, want %v", got, out["samples"])
	}
}

func TestObjectives(t *testing.T) {
	statuses := append(append(times(3, 200), times(3, 503)...), times(3, 200)...)
	for fields, want := range map[string]string{
		"":                                      `steady: the steady state held [0-9.]+ % of [0-9.a-z]+, less than the >= 1 asked for`,
		"      availability: 0.99":              `steady: the steady state held [0-9.]+ % of [0-9.a-z]+, less than the >= 0.99 asked for`,
		"      availability: 0.01":              ``,
		"      longestOutage: 1ms":              `steady: the longest outage took [0-9.a-z]+, more than the 1ms allowed`,
		"      longestOutage: 1h":               ``,
		"      downtime: 1ms":                   `steady: all outages together took [0-9.a-z]+, more than the 1ms allowed`,
		"      abortIf: response.status == 503": `steady: the scenario is aborted: abortIf is true: response.status == 503; .*503.*`,
		"      abortAfter: 1ms":                 `steady: the scenario is aborted: the steady state was broken for 1ms, the most that abortAfter allows: .*503.*`,
	} {
		s := newService(t, statuses...).story(t, fields, "pass")
		if !regexp.MustCompile(`^`+want+`$`).MatchString(s.Message) || (want == "") != (s.Verdict == step.Passed) {
			t.Errorf("%q\ngot  %s: %s\nwant %s", fields, s.Verdict, s.Message, want)
		}
	}
}

func TestAbortEndsTheStory(t *testing.T) {
	s := newService(t, append(times(3, 200), times(1000, 503)...)...).story(t, "      abortIf: response.status == 503", "pass")
	for _, id := range []string{"story", "last"} {
		if r := s.Result(t, id); r.Verdict != step.Skipped || r.Cause != "steady" {
			t.Errorf("%s is %s: %s; want skipped because of steady", id, r.Verdict, r.Message)
		}
	}
	if r := s.Result(t, "after"); r.Verdict != step.Passed {
		t.Errorf("finally is %s: %s", r.Verdict, r.Message)
	}
}

// TestGuardOfTheWholeScenario holds that monitors under safety.abort begin before the first step, and that one without a
// steady state of its own says nothing against a scenario that it lets end.
func TestGuardOfTheWholeScenario(t *testing.T) {
	story := func(statuses ...int) *storytest.Story {
		server := newService(t, statuses...)
		kinds := storytest.Kinds(newMonitor(t), server.asked())
		return storytest.Run(t.Context(), t, kinds, fmt.Sprintf(`safety:
  abort:
    - id: guard
      monitor: {http: {url: %q, every: 10ms}, abortIf: response.status == 500}
steps:
  - id: story
    asked: pass
  - id: last
    check: 1 == 1
`, server.URL))
	}
	harmless := story(append(times(2, 200), times(3, 503)...)...)
	if harmless.Verdict != step.Passed || harmless.Result(t, "guard").Outputs["downtime"] != time.Duration(0) {
		t.Errorf("%s: %s", harmless.Verdict, harmless.Message)
	}
	harm := story(append(times(2, 200), times(1000, 500)...)...)
	if harm.Verdict != step.Failed || !strings.HasPrefix(harm.Message, "guard: the scenario is aborted: abortIf is true: response.status == 500; ") {
		t.Errorf("%s: %s", harm.Verdict, harm.Message)
	}
	for id, message := range map[string]string{"story": "aborted because of guard", "last": "skipped because of guard"} {
		if r := harm.Result(t, id); r.Verdict != step.Skipped || r.Message != message {
			t.Errorf("%s is %s: %s", id, r.Verdict, r.Message)
		}
	}
}

func TestJudgesAlsoWhenTheStoryFails(t *testing.T) {
	s := newService(t, append(times(3, 200), 503, 200)...).story(t, "      availability: 0.999", "fail")
	if r := s.Result(t, "steady"); r.Verdict != step.Failed {
		t.Errorf("steady is %s: %s; want failed", r.Verdict, r.Message)
	}
	if s.Message != "steady: "+s.Result(t, "steady").Message {
		t.Errorf("the first of the two is %s", s.Message)
	}
}

func TestExplainsTheOutages(t *testing.T) {
	r := newService(t, append(times(2, 200), 503, 200)...).story(t, "", "pass").Result(t, "steady")
	if len(r.Sections) == 0 || r.Sections[0].Title != "1 outage" || !strings.Contains(r.Sections[0].Lines[0], "503") {
		t.Errorf("sections are %+v", r.Sections)
	}
}

func TestAServerThatIsNotThereIsDown(t *testing.T) {
	gone := newService(t, 200)
	gone.Server.Close()
	close(gone.enough)
	s := storytest.Run(t.Context(), t, storytest.Kinds(newMonitor(t)), fmt.Sprintf(`steps:
  - id: steady
    monitor: {http: %q, that: response.status == 200}
  - pause: 50ms
`, gone.URL))
	if r := s.Result(t, "steady"); r.Verdict != step.Failed || !strings.Contains(r.Message, "held 0.00 %") {
		t.Errorf("%s: %s", r.Verdict, r.Message)
	}
}

func TestMistakes(t *testing.T) {
	kinds := storytest.Kinds(newMonitor(t))
	_, diags := storytest.Load(t, kinds, "safety:\n  abort:\n    - give: 1\nsteps:\n  - check: 1 == 1\n")
	if want := `abort: give ends by itself; what watches the whole scenario is monitor [invalid-value]`; !strings.Contains(diags, want) {
		t.Errorf("got:\n%s\nwant: %s", diags, want)
	}
	for text, want := range map[string]string{
		"  - monitor: {http: 'http://x'}":                                                                          "monitor needs that, which says what the steady state is, or abortIf",
		"  - monitor: {http: 'http://x', abortIf: response.status == 500, downtime: 3s}":                           "downtime is about the steady state; say with that what it is",
		"  - monitor: {http: 'http://x', abortIf: response.status == 500}":                                         "no step judges anything",
		"  - monitor: {that: 1 == 1}":                                                                              "needs one of object, objects, events, logs, http",
		"  - monitor: {http: 'http://x', that: response.status == 200, longestOutage: 2m, abortAfter: 1m}":         "abortAfter ends the scenario after 1m, before an outage can be longer than the 2m that longestOutage allows",
		"  - monitor: {http: 'http://x', that: response.stauts == 200}":                                            `unknown field "stauts" of response; did you mean "status"?`,
		"  - id: m\n    monitor: {http: 'http://x', that: response.status == 200}\n  - check: steps.m.samples > 0": `monitor "m" ends only when the steps beside it have ended, so none of them can wait for it; use its outputs in finally`,
		"  - id: m\n    monitor: {http: 'http://x', that: response.status == 200}\n  - {needs: m, check: 1 == 1}":  `monitor "m" ends only when the steps beside it have ended, so none of them can wait for it; use its outputs in finally`,
	} {
		_, diags := storytest.Load(t, kinds, "steps:\n"+text+"\n")
		if !strings.Contains(diags, want) {
			t.Errorf("%s\ngot:\n%s\nwant: %s", text, diags, want)
		}
	}
}
