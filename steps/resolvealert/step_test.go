package resolvealert

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/firealert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// world returns uses of fireAlert and resolveAlert in one scenario with real servers.
func world(t *testing.T) (fire, resolve steptest.Use, host *steptest.Host) {
	t.Helper()
	prometheus, am := testparts.Metrics(t)
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{
		Prometheus:   &settings.Endpoint{URL: prometheus.URL, RulesDir: prometheus.RulesDir},
		Alertmanager: &settings.Endpoint{URL: am},
	}})
	t.Cleanup(env.Close)
	host = steptest.NewHost(t, firealert.Undos(env)...)
	run := &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}
	return steptest.Use{Definition: firealert.New(env), Run: run}, steptest.Use{Definition: New(env), Run: run}, host
}

func TestResolveInAlertmanager(t *testing.T) {
	t.Parallel()
	fire, resolve, _ := world(t)
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {pod: "p${{ index }}"}, count: 3}`); err != nil {
		t.Fatal(err)
	}
	out, err := resolve.Do(t.Context(), t, `{alertname: A, labels: {pod: p1}}`)
	if err != nil || out["count"] != 1 {
		t.Errorf("got %v, %v", out, err)
	}
	out, err = resolve.Do(t.Context(), t, `{}`)
	if err != nil || out["count"] != 2 {
		t.Errorf("got %v, %v; want the two that are left", out, err)
	}
	_, err = resolve.Do(t.Context(), t, `A`)
	want := "Alertmanager holds no alert that is meant by alert A, so nothing was resolved"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
}

// TestResolveInPrometheus ends one of two alerts of a rule while the other one is kept up, then fires it again.
func TestResolveInPrometheus(t *testing.T) {
	t.Parallel()
	fire, resolve, _ := world(t)
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {pod: "p${{ index }}"}, count: 2, rule: {every: 200ms}}`); err != nil {
		t.Fatal(err)
	}
	out, err := resolve.Do(t.Context(), t, `{alertname: A, labels: {pod: p1}, in: prometheus}`)
	if err != nil || out["count"] != 1 {
		t.Fatalf("got %v, %v", out, err)
	}
	t.Logf("resolved within %v", out["took"])
	out, err = resolve.Do(t.Context(), t, `{alertname: A, in: prometheus}`)
	if err != nil || out["count"] != 1 {
		t.Errorf("got %v, %v; want the one that is left", out, err)
	}
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {pod: p1}, rule: {every: 200ms}}`); err != nil {
		t.Errorf("fired again: %v", err)
	}
}

func TestNotResolvedInTime(t *testing.T) {
	t.Parallel()
	fire, resolve, _ := world(t)
	if _, err := fire.Do(t.Context(), t, `{alertname: A, rule: {every: 200ms}}`); err != nil {
		t.Fatal(err)
	}
	_, err := resolve.Do(t.Context(), t, `{alertname: A, in: prometheus, within: 1ms}`)
	want := "1 of 1 alerts are still listed 1ms after they were resolved"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
}

func TestMistakes(t *testing.T) {
	use := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}
	for config, want := range map[string]string{
		`A`:                                `no Alertmanager is known: name its address here, or under alertmanager in scenario-runner.yaml, or use --sandbox, which brings one`,
		`{in: prometheus}`:                 `no Prometheus is known: name its address here, or under prometheus in scenario-runner.yaml, or use --sandbox, which brings one`,
		`{server: "http://a", within: 0s}`: `within: expected a positive duration, found 0s`,
		`{server: x}`:                      `an address starts with http:// or https:// and names a host; found "x"`,
		`{server: "http://a", alertmanager: "http://b"}`: `alertmanager means nothing without in: prometheus; name it as server`,
	} {
		if _, got := use.Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}
