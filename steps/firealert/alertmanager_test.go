package firealert

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// receiver is a webhook receiver that hands on what it gets.
func receiver(t *testing.T) (string, <-chan payload) {
	t.Helper()
	got := make(chan payload, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var p payload
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields() // what Alertmanager sends and we don't would show here
		if err := d.Decode(&p); err != nil {
			t.Errorf("not a payload: %v", err)
		}
		got <- p
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func realAlertmanager(t *testing.T, webhook string) string {
	t.Helper()
	return testparts.Alertmanager(t, fmt.Sprintf(`
route: {receiver: sut, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: sut
  webhook_configs: [{url: %q, send_resolved: true}]
inhibit_rules:
- {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [zone]}
`, webhook))
}

func use(t *testing.T, scope eval.Scope) (steptest.Use, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t, Undos(kube.NewEnv(kube.Options{}))...)
	return steptest.Use{Definition: bare(t), Run: &step.Run{
		Host: host, Scope: eval.Scope{"vars": map[string]any(scope)},
		Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()},
	}}, host
}

func next(t *testing.T, got <-chan payload) payload {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	select {
	case p := <-got:
		return p
	case <-timer.C:
		t.Fatal("no notification arrived")
		return payload{}
	}
}

// TestThroughARealAlertmanager fires, sees the notification, ends the scenario and sees the alert resolved.
func TestThroughARealAlertmanager(t *testing.T) {
	hook, got := receiver(t)
	am := realAlertmanager(t, hook)
	u, host := use(t, eval.Scope{"am": am})
	out, err := u.Do(t.Context(), t, `
alertname: ContainerOOMKilled
labels: {namespace: shop, restarts: 3, empty: ""}
annotations: {summary: killed}
generatorURL: http://prometheus.test/graph
to: {alertmanager: "${{ vars.am }}/"}
`)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"alertname": "ContainerOOMKilled", "namespace": "shop", "restarts": "3", IdentityLabel: "sr-test"}
	p := next(t, got)
	if len(p.Alerts) != 1 || p.Status != "firing" {
		t.Fatalf("got %+v", p)
	}
	want := notified{
		Status: "firing", Labels: labels, Annotations: map[string]string{"summary": "killed"}, StartsAt: p.Alerts[0].StartsAt,
		GeneratorURL: "http://prometheus.test/graph", Fingerprint: out["fingerprint"].(string),
	}
	if d := cmp.Diff(want, p.Alerts[0]); d != "" {
		t.Errorf("notification (-want +got):\n%s", d)
	}
	if out["count"] != 1 || out["url"] != am+"/" || out["status"] != 200 {
		t.Errorf("outputs are %v", out)
	}
	if d := cmp.Diff([]string{"resolve the alert ContainerOOMKilled at " + am + "/"}, host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if p := next(t, got); p.Status != "resolved" || p.Alerts[0].Fingerprint != out["fingerprint"] {
		t.Errorf("after the scenario: got %+v, want it resolved", p)
	}
	if n := listedBy(t, am); n != 0 {
		t.Errorf("%d alerts are left", n)
	}
}

func listedBy(t *testing.T, am string) int {
	t.Helper()
	response, err := http.Get(am + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var all []listed
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestPayloadIsThatOfAlertmanager sends the same alerts both ways and compares what the receiver got.
func TestPayloadIsThatOfAlertmanager(t *testing.T) {
	hook, got := receiver(t)
	am := realAlertmanager(t, hook)
	const body = `
alertname: Disk full "x"
labels: {zone: a, node: "n${{ index }}"}
annotations: {summary: same, text: "node ${{ index }}"}
generatorURL: http://prometheus.test/${{ index }}
startsAt: 2026-01-31T12:00:00Z
count: 3
identify: false
to: `
	u, _ := use(t, eval.Scope{"am": am, "hook": hook})
	if _, err := u.Do(t.Context(), t, body+`{alertmanager: "${{ vars.am }}"}`); err != nil {
		t.Fatal(err)
	}
	want := next(t, got)
	for len(want.Alerts) < 3 { // it may notify of the first before it has seen them all
		want = next(t, got)
	}
	u, _ = use(t, eval.Scope{"hook": hook})
	if _, err := u.Do(t.Context(), t, body+`{webhook: "${{ vars.hook }}", receiver: sut, externalURL: "`+want.ExternalURL+`"}`); err != nil {
		t.Fatal(err)
	}
	have := next(t, got)
	for _, p := range []*payload{&want, &have} {
		if !strings.HasPrefix(p.GroupKey, "{}:") {
			t.Errorf("group key is %q", p.GroupKey)
		}
	}
	byNode := cmp.Transformer("byNode", func(all []notified) map[string]notified {
		out := map[string]notified{}
		for _, n := range all {
			out[n.Labels["node"]] = n
		}
		return out
	})
	if d := cmp.Diff(want, have, byNode); d != "" {
		t.Errorf("payload (-Alertmanager +ours):\n%s", d)
	}
}

func TestStormAtARealAlertmanager(t *testing.T) {
	hook, _ := receiver(t)
	am := realAlertmanager(t, hook)
	u, host := use(t, eval.Scope{"am": am})
	start := time.Now()
	out, err := u.Do(t.Context(), t, `{alertname: "Storm${{ index % 2 }}", labels: {pod: "web-${{ index }}"}, count: 1200, to: {alertmanager: "${{ vars.am }}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("1200 alerts fired and listed in %s", time.Since(start))
	if n := listedBy(t, am); n != 1200 || out["count"] != 1200 {
		t.Errorf("%d alerts are listed, count is %v", n, out["count"])
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if n := listedBy(t, am); n != 0 {
		t.Errorf("%d alerts are left", n)
	}
}

func TestSuppressedAlertProvesNothing(t *testing.T) {
	hook, _ := receiver(t)
	am := realAlertmanager(t, hook)
	silence := fmt.Sprintf(`{"matchers": [{"name": "alertname", "value": "Silenced", "isRegex": false}], "startsAt": %q, "endsAt": %q, "createdBy": "test", "comment": "test"}`,
		time.Now().Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339))
	response, err := http.Post(am+"/api/v2/silences", "application/json", strings.NewReader(silence))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var made struct{ SilenceID string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || made.SilenceID == "" {
		t.Fatalf("no silence: %v", err)
	}
	u, _ := use(t, eval.Scope{"am": am})
	_, err = u.Do(t.Context(), t, `{alertname: Silenced, to: {alertmanager: "${{ vars.am }}"}}`)
	want := "Alertmanager suppresses the alert Silenced because of silence " + made.SilenceID + ", so nobody is notified"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got %v (%s), want %s (inconclusive)", err, step.VerdictOf(err), want)
	}
}

func TestResolveAfterAndKeep(t *testing.T) {
	hook, got := receiver(t)
	am := realAlertmanager(t, hook)
	u, host := use(t, eval.Scope{"am": am})
	if _, err := u.Do(t.Context(), t, `{alertname: Short, resolveAfter: 100ms, to: {alertmanager: "${{ vars.am }}"}}`); err != nil {
		t.Fatal(err)
	}
	if p := next(t, got); p.Status != "firing" {
		t.Errorf("first came %s", p.Status)
	}
	if p := next(t, got); p.Status != "resolved" {
		t.Errorf("then came %s", p.Status)
	}
	if open := host.Open(); len(open) != 0 {
		t.Errorf("still to undo: %q", open)
	}
	if _, err := u.Do(t.Context(), t, `{alertname: Kept, undo: keep, to: {alertmanager: "${{ vars.am }}"}}`); err != nil {
		t.Fatal(err)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if n := listedBy(t, am); n != 1 {
		t.Errorf("%d alerts are listed, want the one that is kept", n)
	}
}

// TestUndoInAnotherProcess has nothing but the data of the ledger.
func TestUndoInAnotherProcess(t *testing.T) {
	hook, _ := receiver(t)
	am := realAlertmanager(t, hook)
	recorder := &ledger{Host: steptest.NewHost(t, Undos(kube.NewEnv(kube.Options{}))...)}
	u, _ := use(t, eval.Scope{"am": am})
	u.Run.Host = recorder
	if _, err := u.Do(t.Context(), t, `{alertname: Left, undo: resolve, to: {alertmanager: "${{ vars.am }}"}}`); err != nil {
		t.Fatal(err)
	}
	undo := Undos(nil)[0]
	for range 2 { // twice succeeds
		if err := undo.Start(t.Context(), recorder.data); err != nil {
			t.Fatal(err)
		}
		if err := undo.Wait(t.Context(), recorder.data); err != nil {
			t.Fatal(err)
		}
		if n := listedBy(t, am); n != 0 {
			t.Errorf("%d alerts are left", n)
		}
	}
}

func TestAlertmanagerRefuses(t *testing.T) {
	hook, _ := receiver(t)
	am := realAlertmanager(t, hook)
	address, err := url.Parse(am)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := use(t, eval.Scope{"am": am})
	_, err = u.Do(t.Context(), t, `{alertname: A, generatorURL: "not a url", to: {alertmanager: "${{ vars.am }}"}}`)
	want := "POST http://" + address.Host + "/api/v2/alerts was refused with status 4"
	if err == nil || !strings.HasPrefix(err.Error(), want) || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v (%s), want %s… (errored)", err, step.VerdictOf(err), want)
	}
	_, err = u.Do(t.Context(), t, `{alertname: A, to: {alertmanager: "${{ vars.am }}/wrong"}}`)
	if err == nil || !strings.Contains(err.Error(), "/wrong/api/v2/alerts was refused with status 404") {
		t.Errorf("got %v", err)
	}
}
