package rule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

func TestTheShippedRulesAreRight(t *testing.T) {
	set, err := rule.Load(filepath.Join("..", "..", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	place := []string{"namespace", "shop", "deployment", "web", "pod", "web-0", "node", "node-1"}
	for name, want := range map[string]string{
		"ContainerOOMKilled":         "increase_resources",
		"KubePodCrashLooping":        "rollback_deployment",
		"KubeDeploymentRolloutStuck": "rollback_deployment",
		"HighRequestLatency":         "scale_deployment",
		"HighLoad":                   "scale_deployment",
		"PodStuck":                   "restart_pod",
		"KubeNodeUnhealthy":          "cordon_node",
	} {
		decision, err := set.Decide(t.Context(), firing(append([]string{"alertname", name}, place...)...))
		if err != nil || decision == nil || decision.ActionName != want {
			t.Errorf("%s leads to %+v and error %v, want %s", name, decision, err, want)
		}
	}
}

const manyMistakes = `rules:
  - alert: A
    action: scale_deployment
    target: {kind: Pod, namespace: shop, name: "{{ label.x }}"}
    parameters: {replicas: many, delta: 1, speed: 9}
    cooldown: soon
  - action: increase_resource
    aktion: x
  - alert: []
    action: increase_resources
    target: {kind: Deployment, name: web, selector: app=web}
    parameters: {memoryFactor: 0.5, maxMemory: 2Gi}
    timeout: 0s
  - alert: B
    action: restart_pod
    target: {kind: Pod, namespace: "{{ labels.namespace"}
    match: {severity: {a: b}}
  - alert: C
    alert: D
    action: cordon_node
    target: {kind: Node, namespace: x, name: "a}}"}
  - alert: E
    action: rollback_deployment
    target: {namespace: shop, name: web}
    parameters: {revision: 3}
  - alert: F
    action: scale_deployment
    target: {kind: Deployment, namespace: shop, name: web}
    parameters: {replicas: 1, delta: 1}
  - alert: G
    action: increase_resources
    target: {kind: Deployment, namespace: shop, name: web}
    parameters: {memoryFactor: 2, maxMemory: 0}
  - alert: H
    action: increase_resources
    target: {kind: Deployment, namespace: shop, name: web}
  - nothing
`

func TestEveryMistakeIsReportedWithItsPlace(t *testing.T) {
	_, err := rule.Parse("rules.yaml", []byte(manyMistakes))
	if err == nil {
		t.Fatal("the rules were taken")
	}
	want := strings.TrimSpace(`
rules.yaml:4:20: scale_deployment is aimed at a Deployment, found kind "Pod"
rules.yaml:4:48: target.name: found placeholder "label.x", expected labels.NAME or annotations.NAME
rules.yaml:5:28: parameter replicas must be a whole number, found "many"
rules.yaml:5:44: unknown key "speed" in the parameters of scale_deployment; known are replicas, delta, factor, minimum, maximum
rules.yaml:6:15: cooldown must be a duration such as 90s or 2m, found "soon"
rules.yaml:7:5: a rule needs the key alert
rules.yaml:7:5: a rule needs the key target
rules.yaml:7:13: unknown action "increase_resource"; known are audit_logs, backup_data, cleanup_storage, collect_diagnostics, compact_storage, cordon_node, create_heap_dump, drain_node, enable_debug_mode, expand_pvc, failover_database, increase_resources, migrate_workload, notify_only, optimize_resources, quarantine_pod, repair_database, reset_service_mesh, restart_daemonset, restart_network, restart_pod, rollback_deployment, rotate_secrets, scale_deployment, scale_statefulset, update_hpa, update_network_policy
rules.yaml:8:5: unknown key "aktion" in a rule; known are alert, match, action, target, parameters, cooldown, timeout, forbiddenNamespaces, maxRisk, rollback
rules.yaml:9:12: alert must not be an empty list
rules.yaml:11:13: target needs the key namespace, such as "{{ labels.namespace }}"
rules.yaml:11:13: only the targets of restart_pod and cleanup_storage can be found by selector, use the key name
rules.yaml:12:32: parameter memoryFactor must be above 1, found 0.5
rules.yaml:13:14: timeout must be at least 1ms, found 0s
rules.yaml:16:13: target needs either the key name or the key selector
rules.yaml:16:36: target.namespace: found {{ without }} after it in "{{ labels.namespace"
rules.yaml:17:23: match.severity must be text, found a mapping
rules.yaml:19:5: alert is given twice, first in line 18
rules.yaml:21:13: a Node has no namespace, remove the key namespace
rules.yaml:21:46: target.name: found }} without {{ before it in "a}}"
rules.yaml:24:13: target needs the key kind: Deployment
rules.yaml:25:17: rollback_deployment takes no parameters
rules.yaml:29:17: scale_deployment: found 2 of the parameters replicas, delta and factor, expected exactly one
rules.yaml:33:46: parameter maxMemory must be a quantity above zero such as 512Mi, found "0"
rules.yaml:34:5: increase_resources: found neither of the parameters memoryFactor and cpuFactor, expected at least one
rules.yaml:37:5: a rule must be a mapping, found "nothing"
`)
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestFilesThatAreNoRuleFiles(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":     {"", `rules.yaml:1:1: the file is empty, expected the key rules`},
		"no rules":  {"rules: []", `rules.yaml:1:1: there are no rules, expected at least one`},
		"a list":    {"- a", `rules.yaml:1:1: a rule file must be a mapping, found a list`},
		"no list":   {"rules: 3", `rules.yaml:1:8: rules must be a list, found "3"`},
		"wrong key": {"rule: []", `rules.yaml:1:1: unknown key "rule" in a rule file; known are rules, forbiddenNamespaces, maxRisk, correlation`},
		"no YAML":   {"rules:\n\t- a", `rules.yaml:2:1: not YAML: found character that cannot start any token`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rule.Parse("rules.yaml", []byte(test.text))
			if err == nil || err.Error() != test.want {
				t.Errorf("error is\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	_, err := rule.Load("absent.yaml")
	if err == nil || err.Error() != "read the rule file: open absent.yaml: no such file or directory" {
		t.Errorf("error is %v", err)
	}
}
