package firealert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// world is a Prometheus that notifies an Alertmanager that notifies a receiver, and a project that knows both servers.
type world struct {
	prometheus testparts.Server
	am         string
	got        <-chan payload
	env        *kube.Env
	host       *steptest.Host
	dir        string // of the scenario
}

func newWorld(t *testing.T) *world {
	t.Helper()
	hook, got := receiver(t)
	w := &world{am: realAlertmanager(t, hook), got: got, dir: t.TempDir()}
	w.prometheus = testparts.Prometheus(t, w.am)
	w.env = kube.NewEnv(kube.Options{Settings: settings.Settings{
		Prometheus:   &settings.Endpoint{URL: w.prometheus.URL, RulesDir: w.prometheus.RulesDir},
		Alertmanager: &settings.Endpoint{URL: w.am},
	}})
	t.Cleanup(w.env.Close)
	w.host = steptest.NewHost(t, Undos(w.env)...)
	return w
}

func (w *world) use(host step.Host) steptest.Use {
	return steptest.Use{Definition: New(w.env), Run: &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: w.dir}}}
}

// client asks the Prometheus of the world.
func (w *world) client(t *testing.T) prometheus.Client {
	t.Helper()
	run := &step.Run{Host: steptest.NewHost(t)}
	conn, err := endpoint.Open(t.Context(), w.env.Settings(), run, settings.Prometheus, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return prometheus.Client{Conn: conn}
}

// clean reports what is left of rules and alerts.
func (w *world) clean(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(w.prometheus.RulesDir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder of rules: %v, %v", left, err)
	}
	alerts, err := w.client(t).Alerts(t.Context())
	if err != nil || len(alerts) > 0 {
		t.Errorf("left in Prometheus: %v, %v", alerts, err)
	}
	if n := listedBy(t, w.am); n != 0 {
		t.Errorf("%d alerts are left in Alertmanager", n)
	}
}

// TestPrometheusRaisesTheAlert follows an alert through real servers: pending, firing, notified, resolved.
func TestPrometheusRaisesTheAlert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.use(w.host).Do(t.Context(), t, `
alertname: HighLatency
labels: {severity: critical, namespace: shop}
annotations: {summary: "{{ $labels.namespace }} is slow"}
rule: {for: 1s, every: 200ms}
expect: {pending: 10s, firing: 20s, notified: 20s}
`)
	if err != nil {
		t.Fatal(err)
	}
	p := next(t, w.got)
	want := map[string]string{"alertname": "HighLatency", "severity": "critical", "namespace": "shop", IdentityLabel: "sr-test"}
	if d := cmp.Diff(want, p.Alerts[0].Labels); d != "" || p.Status != "firing" {
		t.Errorf("%s alert (-want +got):\n%s", p.Status, d)
	}
	if d := cmp.Diff(map[string]string{"summary": "shop is slow"}, p.Alerts[0].Annotations); d != "" {
		t.Errorf("annotations (-want +got):\n%s", d)
	}
	pending, firing, notified := out["pendingAt"].(time.Time), out["firingAt"].(time.Time), out["notifiedAt"].(time.Time)
	if pending.IsZero() || firing.Sub(pending) < 900*time.Millisecond || notified.Before(firing) {
		t.Errorf("pending at %s, firing at %s, notified at %s", pending, firing, notified)
	}
	if out["fingerprint"] != p.Alerts[0].Fingerprint || !slices.Equal(out["receivers"].([]any), []any{"sut"}) {
		t.Errorf("outputs are %v; the notification has %s", out, p.Alerts[0].Fingerprint)
	}
	undo := "resolve the alert HighLatency and remove its rule scenario-runner-sr-test-step1 from Prometheus at " + w.prometheus.URL
	if d := cmp.Diff([]string{undo}, w.host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	if p := next(t, w.got); p.Status != "resolved" || p.Alerts[0].EndsAt.IsZero() {
		t.Errorf("after the scenario: got %+v", p)
	}
	w.clean(t)
}

// TestAlertsWithTheSameLabelsAreOne does not wait for more of them than there can be.
func TestAlertsWithTheSameLabelsAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.use(w.host).Do(t.Context(), t, `{alertname: Same, labels: {zone: "${{ index / 2 > 0.9 ? 'b' : 'a' }}"}, count: 4, rule: {every: 200ms}}`)
	if err != nil || out["count"] != 2 {
		t.Errorf("got %v, %v; want 2 alerts", out["count"], err)
	}
}

func TestStormThroughPrometheus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := time.Now()
	out, err := w.use(w.host).Do(t.Context(), t, `{alertname: "Storm${{ index % 2 }}", labels: {pod: "web-${{ index }}"}, count: 500, rule: {every: 200ms}}`)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("500 alerts raised and listed in %s", time.Since(start))
	if n := listedBy(t, w.am); n != 500 || out["count"] != 500 {
		t.Errorf("%d alerts are listed, count is %v", n, out["count"])
	}
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	w.clean(t)
}

const projectRules = `
groups:
- name: web
  interval: 1m
  rules:
  - alert: WebDown
    expr: sum by (job) (up{job="web"}) < 2
    for: 15m
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.job }} has {{ $value }} instances"}
`

// TestACopyOfARuleFiresInShortTime keeps the expression and shortens the times.
func TestACopyOfARuleFiresInShortTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.dir, "rules.yaml"), []byte(projectRules), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := w.use(w.host).Do(t.Context(), t, `
alertname: WebDown
rule: {from: rules.yaml, for: 500ms, every: 200ms, samples: [{metric: up, labels: {job: web, instance: a}, value: 1}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := `sum by (job) (up{job="web"}) < 2`; out["expression"] != want {
		t.Errorf("the expression is %v, want %s", out["expression"], want)
	}
	rules, err := w.client(t).Rules(t.Context(), "scenario-runner-sr-test-step1")
	if err != nil || len(rules) != 1 || rules[0].Duration != 0.5 {
		t.Errorf("loaded is %+v, %v", rules, err)
	}
	p := next(t, w.got)
	if p.Alerts[0].Annotations["summary"] != "web has 1 instances" || p.Alerts[0].Labels["severity"] != "critical" {
		t.Errorf("got %+v", p)
	}
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	w.clean(t)
}

func TestFlappingThroughPrometheus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.use(w.host).Do(t.Context(), t, `{alertname: Flap, rule: {every: 200ms}, flap: {times: 1, firing: 1500ms, resolved: 1500ms}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"firing", "resolved", "firing"} {
		if p := next(t, w.got); p.Status != want {
			t.Errorf("got %s, want %s", p.Status, want)
		}
	}
}

// TestRuleUndoInAnotherProcess has nothing but the data of the ledger.
func TestRuleUndoInAnotherProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorder := &ledger{Host: steptest.NewHost(t)}
	if _, err := w.use(recorder).Do(t.Context(), t, `{alertname: Left, rule: {every: 200ms}}`); err != nil {
		t.Fatal(err)
	}
	if err := recorder.Close(); err != nil { // the process is gone, and the samples are not kept up any more
		t.Fatal(err)
	}
	for range 2 { // twice succeeds
		if err := Undos(w.env)[1].Start(t.Context(), recorder.data); err != nil {
			t.Fatal(err)
		}
		w.clean(t)
	}
}

// TestTheLedgerHoldsNoSecret keeps headers of the configuration out of it.
func TestTheLedgerHoldsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Settings().Prometheus.Bearer = settings.Value{Env: "TOKEN"}
	w.env.Settings().LookupEnv = func(string) (string, bool) { return "s3cret", true }
	recorder := &ledger{Host: steptest.NewHost(t)}
	if _, err := w.use(recorder).Do(t.Context(), t, `{alertname: A, rule: {every: 200ms}}`); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(recorder.data), "s3cret") || !json.Valid(recorder.data) {
		t.Errorf("the ledger says %s", recorder.data)
	}
	if err := Undos(w.env)[1].Start(t.Context(), recorder.data); err != nil {
		t.Error(err)
	}
}

func TestRuleMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for config, want := range map[string]string{
		`{alertname: A, rule: {}, to: {alertmanager: "http://a"}}`:   `to means nothing with rule; Prometheus decides it`,
		`{alertname: A, rule: {for: 1s}, rate: 3}`:                   `rate means nothing with rule; Prometheus decides it`,
		`{alertname: A, expect: {firing: 1s}}`:                       `firing means nothing without rule: only Prometheus takes an alert through its states`,
		`{alertname: A, rule: {samples: [{metric: up, value: 1}]}}`:  `samples belong to a rule that is given by from; without it, labels say which samples there are`,
		`{alertname: A, labels: {a: b}, rule: {from: r.yaml}}`:       `labels means nothing with rule.from; the rule and its samples decide it`,
		`{alertname: A, rule: {from: ../r.yaml}}`:                    `"../r.yaml" is outside the scenario's folder; paths in a scenario stay inside it`,
		`{alertname: A, flap: {times: 0, firing: 1s, resolved: 1s}}`: `flap needs times, 1 or more, and positive durations; found times 0, firing 1s, resolved 1s`,
		`{alertname: A, duplicates: 101}`:                            `each alert can be sent up to 100 times more; found 101`,
		`{alertname: A, identify: false, rule: {from: r.yaml}}`:      `the copy of a rule needs the label by which its alerts are told apart from those of the rule itself`,
	} {
		if _, got := w.use(w.host).Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
	bare := steptest.Use{Definition: bare(t)}
	want := `no Prometheus is known: name its address here, or under prometheus in scenario-runner.yaml, or use --sandbox, which brings one`
	if _, got := bare.Compile(t, `{alertname: A, rule: {}}`); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRuleFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(w.dir, "rules.yaml"), []byte(projectRules), 0o600); err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{alertname: A, rule: {dir: ` + other + `}}`: `Prometheus at ` + w.prometheus.URL + ` has not loaded the rule in ` + other +
			`/scenario-runner-sr-test-step1.yaml; its rule_files must name that folder, as in ` + other + `/*.yaml`,
		`{alertname: A, rule: {from: rules.yaml}}`: `rule.from: rules.yaml: there is no alerting rule called "A"`,
		`{alertname: A, annotations: {n: "${{ index }}"}, labels: {i: "${{ index }}"}, count: 2, rule: {}}`: `annotations of alert 1 differ from those of the first A, ` +
			`but they belong to the rule, which both share; let Prometheus fill them in, as in {{ $labels.pod }}`,
	} {
		_, err := w.use(w.host).Do(t.Context(), t, config)
		if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
			t.Errorf("%s:\ngot  %v\nwant %s", config, err, want)
		}
	}
	_, err := w.use(w.host).Do(t.Context(), t, `{alertname: Slow, rule: {for: 1h, every: 200ms}, expect: {firing: 1s}}`)
	if want := "0 of 1 alerts were firing within 1s"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
}
