package rule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

// parse reads rules that must be right.
func parse(t *testing.T, text string) *rule.Set {
	t.Helper()
	set, err := rule.Parse("rules.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// firing makes an alert of label names and values.
func firing(pairs ...string) alert.Alert {
	labels := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return alert.Alert{Status: alert.Firing, Labels: labels}
}

const ordered = `
forbiddenNamespaces: kube-system
rules:
  - alert: HighLoad
    match: {severity: [critical, page]}
    action: scale_deployment
    target: {kind: Deployment, namespace: "{{ labels.namespace }}", name: "{{labels.deployment}}-app"}
    parameters: {factor: 1.5, maximum: 9}
    cooldown: 5m
    timeout: 30s
    forbiddenNamespaces: [bank]
  - alert: [HighLoad, HighRequestLatency]
    action: scale_deployment
    target: {kind: Deployment, namespace: shop, name: web}
    parameters: {delta: 1}
`

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	set := parse(t, ordered)
	factor, maximum, delta := 1.5, int32(9), int32(1)
	first := &remedy.Decision{
		ActionName: "scale_deployment", Action: &action.ScaleDeployment{Factor: &factor, Maximum: &maximum},
		Target:   action.Target{Kind: "Deployment", Namespace: "shop", Name: "web-app"},
		Cooldown: 5 * time.Minute, Timeout: 30 * time.Second,
	}
	second := &remedy.Decision{
		ActionName: "scale_deployment", Action: &action.ScaleDeployment{Delta: &delta},
		Target:   action.Target{Kind: "Deployment", Namespace: "shop", Name: "web"},
		Cooldown: time.Minute, Timeout: 2 * time.Minute,
	}
	for name, test := range map[string]struct {
		alert alert.Alert
		want  *remedy.Decision
	}{
		"critical": {firing("alertname", "HighLoad", "severity", "critical", "namespace", "shop", "deployment", "web"), first},
		"page":     {firing("alertname", "HighLoad", "severity", "page", "namespace", "shop", "deployment", "web"), first},
		"warning":  {firing("alertname", "HighLoad", "severity", "warning"), second},
		"latency":  {firing("alertname", "HighRequestLatency"), second},
		"other":    {firing("alertname", "DiskFull"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := set.Decide(t.Context(), test.alert)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForbiddenNamespacesOfTheFileAndOfTheRule(t *testing.T) {
	set := parse(t, ordered)
	for namespace, want := range map[string]string{
		"kube-system": `the rules forbid actions in namespace "kube-system"`,
		"bank":        `the rules forbid actions in namespace "bank"`,
		"shop":        "",
	} {
		decision, err := set.Decide(t.Context(), firing("alertname", "HighLoad", "severity", "page", "namespace", namespace, "deployment", "web"))
		if err != nil {
			t.Fatal(err)
		}
		if decision.Forbidden != want {
			t.Errorf("in %s forbidden is %q, want %q", namespace, decision.Forbidden, want)
		}
	}
}

func TestATargetThatTheAlertDoesNotNameIsAnError(t *testing.T) {
	set := parse(t, ordered+`
  - alert: PodStuck
    action: restart_pod
    target: {kind: Pod, namespace: shop, selector: "{{ annotations.selector }}"}
`)
	stuck := func(selector string) alert.Alert {
		a := firing("alertname", "PodStuck")
		a.Annotations = map[string]string{"selector": selector}
		return a
	}
	for name, test := range map[string]struct {
		alert alert.Alert
		want  string
	}{
		"label":      {firing("alertname", "HighLoad", "severity", "page", "namespace", "shop"), `find the target: the alert has no label "deployment"`},
		"annotation": {firing("alertname", "PodStuck"), `find the target: the alert has no annotation "selector"`},
		"wide":       {stuck(" "), `find the target: found selector " ", which selects every pod`},
		"broken":     {stuck("a in"), `find the target: found selector "a in", expected one such as app=web: unable to parse requirement: found '' expected: '('`},
	} {
		t.Run(name, func(t *testing.T) {
			decision, err := set.Decide(t.Context(), test.alert)
			if err == nil || err.Error() != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
			if decision == nil || decision.ActionName == "" {
				t.Error("the decision does not name the action")
			}
		})
	}
}
