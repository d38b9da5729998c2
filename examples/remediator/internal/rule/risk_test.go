package rule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

const careful = `
maxRisk: medium
rules:
  - alert: Down
    action: drain_node
    target: {kind: Node, name: "{{ labels.node }}"}
  - alert: Slow
    maxRisk: low
    action: rollback_deployment
    target: {kind: Deployment, namespace: shop, name: web}
  - alert: Busy
    rollback: true
    action: scale_deployment
    target: {kind: Deployment, namespace: shop, name: web}
    parameters: {delta: 1, maximum: 5}
  - alert: Busy
    action: backup_data
    target: {kind: PersistentVolumeClaim, namespace: shop, name: data}
    parameters: {image: "tool:1", command: backup}
`

func TestRisksAreBounded(t *testing.T) {
	set := parse(t, careful)
	for name, want := range map[string]string{
		"Down": "the risk of drain_node is high, and the rules allow medium at most",
		"Slow": "the risk of rollback_deployment is medium, and the rules allow low at most",
		"Busy": "",
	} {
		decision, err := set.Decide(t.Context(), firing("alertname", name, "node", "n1"))
		if err != nil || decision.Forbidden != want {
			t.Errorf("%s: forbidden is %q (%v), want %q", name, decision.Forbidden, err, want)
		}
		if decision.Rollback != (name == "Busy") {
			t.Errorf("%s: rollback is %t", name, decision.Rollback)
		}
	}
}

func TestRisksThatAreNone(t *testing.T) {
	_, err := rule.Parse("rules.yaml", []byte("maxRisk: huge\nrules:\n  - {alert: A, action: notify_only, rollback: 3, target: {kind: Deployment, namespace: n, name: n}}\n"))
	want := "rules.yaml:1:10: maxRisk must be low, medium or high, found \"huge\"\nrules.yaml:3:47: rollback must be true or false, found \"3\""
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

func TestOffersAreWhatTheRulesAllow(t *testing.T) {
	set := parse(t, careful)
	offers, err := set.Offers(firing("alertname", "Busy"))
	if err != nil {
		t.Fatal(err)
	}
	want := []rule.Offer{
		{Action: "scale_deployment", Risk: action.Low, Parameters: map[string]any{"delta": 1, "maximum": 5}},
		{Action: "backup_data", Risk: action.Low, Parameters: map[string]any{"image": "tool:1", "command": "backup"}},
	}
	if diff := cmp.Diff(want, offers); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

func TestAChoiceChangesNumbersOnly(t *testing.T) {
	set := parse(t, careful)
	for name, test := range map[string]struct {
		action  string
		numbers map[string]any
		want    string
	}{
		"as the rule says": {"scale_deployment", nil, ""},
		"another number":   {"scale_deployment", map[string]any{"delta": 3.0}, ""},
		"a bound":          {"scale_deployment", map[string]any{"maximum": 50.0}, `parameter "maximum" can't be chosen; it is a bound of the rule`},
		"a text":           {"backup_data", map[string]any{"command": "rm -r /data"}, `parameter "command" can't be chosen; only numbers that the rule gives can`},
		"no such":          {"scale_deployment", map[string]any{"replicas": 9.0}, `parameter "replicas" can't be chosen; only numbers that the rule gives can`},
		"no sense":         {"scale_deployment", map[string]any{"delta": 0.0}, "parameter delta must not be 0, which changes nothing"},
		"another action":   {"drain_node", nil, `no rule allows "drain_node" for this alert`},
	} {
		t.Run(name, func(t *testing.T) {
			decision, err := set.Choose(firing("alertname", "Busy"), test.action, test.numbers)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want || (decision != nil) != (test.want == "") {
				t.Errorf("decision %+v and error %q, want error %q", decision, got, test.want)
			}
		})
	}
	decision, err := set.Choose(firing("alertname", "Busy"), "scale_deployment", map[string]any{"delta": 3.0})
	if scale, ok := decision.Action.(*action.ScaleDeployment); err != nil || !ok || *scale.Delta != 3 || *scale.Maximum != 5 {
		t.Errorf("the action is %+v (%v), want delta 3 within the maximum 5", decision.Action, err)
	}
}
