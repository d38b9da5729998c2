package firealert

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// original puts a rule into the folder from which the Prometheus of the world takes its rules.
func (w *world) original(t *testing.T, rules string) {
	t.Helper()
	file := filepath.Join(w.prometheus.RulesDir, "team.yaml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	client := w.client(t)
	if err := client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const compressed = `
alertname: WebDown
rule: {from: rules.yaml, for: 500ms, every: 200ms, labels: {team: shop}, samples: [{metric: up, labels: {job: web, instance: a}, value: 1}]}
expect: {receivers: sut}
`

// TestACopyIsShownToBeTheSameRule compares it with what Prometheus has loaded, however that is written.
func TestACopyIsShownToBeTheSameRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.dir, "rules.yaml"), []byte(projectRules), 0o600); err != nil {
		t.Fatal(err)
	}
	w.original(t, strings.ReplaceAll(projectRules, `sum by (job) (up{job="web"}) < 2`, `sum(up{job='web'}) by(job)<2`))
	out, err := w.use(w.host).Do(t.Context(), t, compressed)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"expression": `sum by (job) (up{job="web"}) < 2`, "for": 15 * time.Minute, "every": time.Minute, "loaded": true,
	}
	if diff := cmp.Diff(want, out["original"]); diff != "" {
		t.Errorf("original (-want +got):\n%s", diff)
	}
	if p := next(t, w.got); p.Alerts[0].Labels["team"] != "shop" {
		t.Errorf("labels are %v", p.Alerts[0].Labels)
	}
}

// TestACopyOfAnotherRuleProvesNothing finds that the file is not what Prometheus has loaded.
func TestACopyOfAnotherRuleProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.dir, "rules.yaml"), []byte(projectRules), 0o600); err != nil {
		t.Fatal(err)
	}
	w.original(t, strings.ReplaceAll(projectRules, "< 2", "< 1"))
	_, err := w.use(w.host).Do(t.Context(), t, compressed)
	want := `the rule WebDown of rules.yaml is not the one that Prometheus at ` + w.prometheus.URL + ` has loaded: there its expression is sum by (job) (up{job="web"}) < 1`
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got  %v (%s)\nwant %s", err, step.VerdictOf(err), want)
	}
}

func TestAlertsGoToTheirReceivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.use(w.host).Do(t.Context(), t, `{alertname: A, rule: {every: 200ms}, expect: {receivers: [sut, pager]}}`)
	if want := "Alertmanager sends alert A to sut, not to pager"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
}
