package rule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

const correlated = `
correlation: {labels: [namespace, deployment], window: 300ms}
rules:
  - {alert: Down, action: rollback_deployment, target: {kind: Deployment, namespace: shop, name: web}}
  - {alert: Slow, action: scale_deployment, target: {kind: Deployment, namespace: shop, name: web}, parameters: {delta: 1, maximum: 3}}
`

func TestAlertsWithTheSameLabelsHaveOneCause(t *testing.T) {
	set, err := rule.Parse("rules.yaml", []byte(correlated))
	if err != nil {
		t.Fatal(err)
	}
	decision, err := set.Decide(t.Context(), firing("alertname", "Slow", "namespace", "shop", "deployment", "web"))
	if err != nil || decision.Cause != "namespace=shop, deployment=web" || decision.Window != 300*time.Millisecond || decision.Rank != 1 {
		t.Errorf("decision is %+v, %v", decision, err)
	}
	decision, err = set.Decide(t.Context(), firing("alertname", "Down", "namespace", "shop"))
	if err != nil || decision.Cause != "" {
		t.Errorf("without one of the labels the decision is %+v, %v", decision, err)
	}
}

func TestMistakesOfCorrelation(t *testing.T) {
	rules := correlated[strings.Index(correlated, "rules:"):]
	for text, want := range map[string]string{
		"{window: 2s}":              "rules.yaml:1:14: correlation needs the key labels: those that alerts with one cause have in common",
		"{labels: a, window: 0s}":   "rules.yaml:1:34: window must be at least 1ms, found 0s",
		"{labels: a, windows: 10s}": `rules.yaml:1:26: unknown key "windows" in correlation; known are labels, window`,
		"[a]":                       "rules.yaml:1:14: correlation must be a mapping, found a list",
	} {
		_, err := rule.Parse("rules.yaml", []byte("correlation: "+text+"\n"+rules))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
