package firealert

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// bare is the step in a project without a configuration.
func bare(t *testing.T) step.Definition {
	t.Helper()
	return configured(t, nil)
}

// configured is the step in a project that names an Alertmanager.
func configured(t *testing.T, alertmanager *settings.Endpoint) step.Definition {
	t.Helper()
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{
		Alertmanager: alertmanager,
		LookupEnv:    func(name string) (string, bool) { return "s3cret", name == "ALERT_TOKEN" },
	}})
	t.Cleanup(env.Close)
	return New(env)
}

func TestWithoutAPlaceTheAlertGoesToTheAlertmanagerOfTheProject(t *testing.T) {
	hook, got := receiver(t)
	am := realAlertmanager(t, hook)
	host := steptest.NewHost(t, Undos(kube.NewEnv(kube.Options{}))...)
	u := steptest.Use{Definition: configured(t, &settings.Endpoint{URL: am}), Run: &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}}
	out, err := u.Do(t.Context(), t, `{alertname: A, labels: {zone: a}}`)
	if err != nil {
		t.Fatal(err)
	}
	if out["url"] != am {
		t.Errorf("it went to %v", out["url"])
	}
	if p := next(t, got); p.Status != "firing" || p.CommonLabels["zone"] != "a" {
		t.Errorf("got %+v", p)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if p := next(t, got); p.Status != "resolved" {
		t.Errorf("after the scenario: got %+v", p)
	}
}

// TestTheProjectSaysHowToLogIn sends the token of the project, masks it, and trusts the authority that it names.
func TestTheProjectSaysHowToLogIn(t *testing.T) {
	var authorization string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		http.Error(w, "enough", http.StatusTeapot)
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	endpoint := &settings.Endpoint{URL: server.URL, At: "scenario-runner.yaml:3:1", Bearer: settings.Value{Env: "ALERT_TOKEN"}, TLS: &settings.TLS{CA: ca}}
	host := &masking{ledger: &ledger{Host: steptest.NewHost(t, Undos(kube.NewEnv(kube.Options{}))...)}}
	u := steptest.Use{Definition: configured(t, endpoint), Run: &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}}
	if _, err := u.Do(t.Context(), t, `{alertname: A}`); err == nil || !strings.Contains(err.Error(), "status 418: enough") {
		t.Errorf("got %v", err)
	}
	if authorization != "Bearer s3cret" {
		t.Errorf("the request says %q", authorization)
	}
	if len(host.masked) == 0 || host.masked[0] != "s3cret" {
		t.Errorf("masked is %q", host.masked)
	}
	endpoint.Bearer.Env = "NO_TOKEN"
	want := "bearer token of " + server.URL + " (scenario-runner.yaml:3:1): the environment variable NO_TOKEN is not set"
	if _, err := u.Do(t.Context(), t, `{alertname: A}`); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// masking is a host that keeps what is masked.
type masking struct {
	*ledger
	masked []string
}

func (m *masking) Mask(secret string) { m.masked = append(m.masked, secret) }

func TestAPlaceIsNeeded(t *testing.T) {
	_, got := steptest.Use{Definition: bare(t)}.Compile(t, "{alertname: A}")
	want := `step.yaml:1:1: fireAlert needs "to", which names an alertmanager or a webhook, or an alertmanager in scenario-runner.yaml`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, got = (steptest.Use{Definition: configured(t, &settings.Endpoint{URL: "http://a"})}).Compile(t, "{alertname: A}"); got != "" {
		t.Errorf("got %s", got)
	}
}
