package promql

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/firealert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/waitfor"
)

// TestSources watches an alert in both servers, and tells it apart from that of another scenario.
func TestSources(t *testing.T) {
	prometheus, am := testparts.Metrics(t)
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{
		Prometheus:   &settings.Endpoint{URL: prometheus.URL, RulesDir: prometheus.RulesDir},
		Alertmanager: &settings.Endpoint{URL: am},
	}})
	defer env.Close()
	run := &step.Run{Host: steptest.NewHost(t, firealert.Undos(env)...), Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}
	other := *run
	other.Scenario.ID = "sr-other"
	wait, fire := steptest.Use{Definition: waitfor.New(env), Run: run}, steptest.Use{Definition: firealert.New(env), Run: run}
	foreign := steptest.Use{Definition: firealert.New(env), Run: &other}
	if _, err := foreign.Do(t.Context(), t, `{alertname: A, labels: {pod: b}}`); err != nil {
		t.Fatal(err)
	}
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {pod: a}, rule: {every: 200ms}}`); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]any{
		`{alerts: {name: A, of: this}, until: count == 1, capture: {it: "[match.labels.pod, match.state, match.own, match.scenario]"}}`:                      []any{"a", "firing", true, "sr-test"},
		`{alerts: {of: others}, until: count == 1, capture: {it: "[match.labels.pod, match.receivers, match.scenario]"}}`:                                    []any{"b", []any{"nobody"}, "sr-other"},
		`{alerts: {of: stale}, until: count == 1, capture: {it: "[match.labels.pod, match.origin]"}}`:                                                        []any{"b", "stale"},
		`{alerts: A, until: count == 2, capture: {it: "map(alerts, .labels.pod)"}}`:                                                                          []any{"a", "b"},
		`{alerts: {in: prometheus, labels: {pod: a}}, until: match.state == "firing", capture: {it: match.name}}`:                                            "A",
		`{promql: 'ALERTS{alertname="A"}', until: "samples[0].value == 1", capture: {it: "samples[0].labels.alertstate"}}`:                                   "firing",
		`{promql: {query: 'count(ALERTS{alertname="A"}) by (pod)', every: 20ms}, where: item.value > 0, until: count == 1, capture: {it: match.labels.pod}}`: "a",
	} {
		out, err := wait.Do(t.Context(), t, strings.TrimSuffix(body, "}")+", timeout: 20s}")
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if d := cmp.Diff(want, out["captured"].(map[string]any)["it"]); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
	_, err := wait.Do(t.Context(), t, `{alerts: {of: others}, until: count == 0, timeout: 100ms}`)
	want := "timed out after 100ms waiting until count == 0"
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	last := failure.Sections[len(failure.Sections)-1]
	if !strings.HasPrefix(last.Lines[0], `{alertname="A", pod="b", scenario_runner_scenario="sr-other"} firing since `) {
		t.Errorf("evidence is %v", last)
	}
}

// TestAServerThatIsAwayForAWhile is asked again; one that refuses the question is not.
func TestAServerThatIsAwayForAWhile(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch asked.Add(1) {
		case 1:
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}`)
		}
	}))
	defer server.Close()
	env := kube.NewEnv(kube.Options{})
	defer env.Close()
	host := steptest.NewHost(t)
	wait := steptest.Use{Definition: waitfor.New(env), Run: &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}}
	body := `{promql: {query: up, server: "` + server.URL + `", every: 10ms}, until: count > 0, timeout: 10s}`
	if out, err := wait.Do(t.Context(), t, body); err != nil || out["looks"] != 2 {
		t.Errorf("got %v, %v", out, err)
	}
	want := "POST " + server.URL + "/api/v1/query was refused with status 503: (no explanation); asking again"
	if seen := strings.Join(host.Seen(), "\n"); !strings.Contains(seen, want) {
		t.Errorf("it said %s, want %s", seen, want)
	}
	server.Config.Handler = http.NotFoundHandler()
	_, err := wait.Do(t.Context(), t, body)
	want = "POST " + server.URL + "/api/v1/query was refused with status 404: 404 page not found"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSourceMistakes(t *testing.T) {
	env := kube.NewEnv(kube.Options{})
	defer env.Close()
	wait := steptest.Use{Definition: waitfor.New(env)}
	for config, want := range map[string]string{
		`{promql: up, until: count == 1}`:                                                    `no Prometheus is known: name its address here, or under prometheus in scenario-runner.yaml, or use --sandbox, which brings one`,
		`{alerts: A, until: count == 1}`:                                                     `no Alertmanager is known: name its address here, or under alertmanager in scenario-runner.yaml, or use --sandbox, which brings one`,
		`{promql: {query: "", server: "http://a"}, until: count == 1}`:                       `promql needs query: a PromQL expression such as up == 0`,
		`{alerts: {server: "http://a", every: 1ms}, until: count == 1}`:                      `every: expected 10ms or more, found 1ms`,
		`{alerts: {server: "http://a"}, until: "alerts[0].labls.pod == 'a'"}`:                `labls`,
		`{alerts: {name: A, labels: {alertname: A}, server: "http://a"}, until: count == 1}`: `the name of the alerts is given by name already`,
	} {
		if _, got := wait.Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}
