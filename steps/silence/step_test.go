package silence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/firealert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// states lists the states of all silences.
func states(t *testing.T, env *kube.Env, run *step.Run) []string {
	t.Helper()
	conn, err := endpoint.Open(t.Context(), env.Settings(), run, settings.Alertmanager, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	all, err := alertmanager.Client{Conn: conn}.Silences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range all {
		out = append(out, l.Status.State)
	}
	return out
}

// TestSilence silences the alerts of the scenario, not those of others, and ends with it.
func TestSilence(t *testing.T) {
	_, am := testparts.Metrics(t)
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{Alertmanager: &settings.Endpoint{URL: am}}})
	defer env.Close()
	host := steptest.NewHost(t, append(firealert.Undos(env), Undos(env)...)...)
	run := &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}
	silence, fire := steptest.Use{Definition: New(env), Run: run}, steptest.Use{Definition: firealert.New(env), Run: run}
	out, err := silence.Do(t.Context(), t, `{alertname: A, labels: {zone: a}, matching: {pod: "web-.*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {zone: a, pod: web-1}, expect: {suppressed: true}}`); err != nil {
		t.Error(err)
	}
	_, err = fire.Do(t.Context(), t, `{alertname: A, labels: {zone: a, pod: web-2}}`)
	want := "Alertmanager suppresses the alert A because of silence " + out["id"].(string) + ", so nobody is notified"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {zone: b, pod: web-1}}`); err != nil {
		t.Errorf("another zone: %v", err)
	}
	other := *run
	other.Scenario.ID = "sr-other"
	fire.Run = &other
	if _, err := fire.Do(t.Context(), t, `{alertname: A, labels: {zone: a, pod: web-1}}`); err != nil {
		t.Errorf("another scenario: %v", err)
	}
	if d := cmp.Diff([]string{"active"}, states(t, env, run)); d != "" {
		t.Error(d)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"expired"}, states(t, env, run)); d != "" {
		t.Errorf("after the scenario:\n%s", d)
	}
}

func TestMistakes(t *testing.T) {
	use := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}
	for config, want := range map[string]string{
		`{alertname: A}`:                              `no Alertmanager is known: name its address here, or under alertmanager in scenario-runner.yaml, or use --sandbox, which brings one`,
		`{server: "http://a", of: all}`:               `silence needs one of alertname, labels, matching: this would silence every alert there is`,
		`{server: "http://a", alertname: A, for: 0s}`: `for: expected a positive duration, found 0s`,
		`{server: "http://a", matching: {a: "("}}`:    `"(" is no regular expression: error parsing regexp: missing closing ): ` + "`(`",
	} {
		if _, got := use.Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}
