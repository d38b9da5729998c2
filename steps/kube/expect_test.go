package kube_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	deletestep "github.com/scenario-runner/scenario-runner/steps/delete"
	"github.com/scenario-runner/scenario-runner/steps/deploy"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/patch"
	"github.com/scenario-runner/scenario-runner/steps/rollout"
	"github.com/scenario-runner/scenario-runner/steps/run"
	"github.com/scenario-runner/scenario-runner/steps/scale"
	"github.com/scenario-runner/scenario-runner/steps/waitfor"
)

const shop = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: nginx, image: nginx}, {name: proxy, image: proxy}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

// kinds of steps that name objects, and one that may make some.
func naming(env *kube.Env) *step.Registry {
	return &step.Registry{Functions: kube.Functions(), Steps: []step.Definition{
		deploy.New(env), patch.New(env), scale.New(env), rollout.New(env), deletestep.New(env), injectchaos.New(env), waitfor.New(env),
		assert.New(env), run.New(env),
	}}
}

// warnings checks steps that follow a deploy step, and returns what is said of the file without its name.
func warnings(t *testing.T, env *kube.Env, head, steps string) []string {
	t.Helper()
	l, err := scenario.NewLoader(naming(env), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(shop), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a" + head + "}\nvars: {x: web}\nsteps:\n- deploy: shop.yaml\n" + steps +
		"- assert: {given: {web: deployment/web}, that: web.spec.replicas == 1}\n"
	text = strings.Replace(text, "deploy: shop.yaml", "deploy: {manifests: shop.yaml}", 1)
	_, diags := l.Load(filepath.Join(dir, "a.scenario.yaml"), []byte(text))
	var out []string
	for _, d := range diags {
		if d.Check == "unused-var" {
			continue
		}
		line := strings.ReplaceAll(d.Error(), dir+string(filepath.Separator), "")
		for _, n := range d.Notes {
			line += "; " + strings.ReplaceAll(n.Range.String(), dir+string(filepath.Separator), "") + " " + n.Message
		}
		out = append(out, strings.TrimPrefix(line, "a.scenario.yaml:"))
	}
	return out
}

func TestObjectsThatNobodyDeploys(t *testing.T) {
	env := kube.NewEnv(kube.Options{})
	for steps, want := range map[string]string{
		"- scale: {object: deployment/wep, replicas: 2}\n":                              `7:19: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- scale: {object: deployment/api, replicas: 2}\n":                              `7:19: warning: no step deploys deployment/api; there is only "web" [not-deployed]`,
		"- patch: {object: deploy/wep, patch: {spec: {paused: true}}}\n":                `7:19: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- rollout: {object: {kind: Deployment, name: wep}, action: restart}\n":         `7:13: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- delete: [service/web, service/wbe]\n":                                        `7:25: warning: no step deploys service/wbe; did you mean "web"? [not-deployed]; shop.yaml:10:1 service/web stands here`,
		"- injectChaos: {experiment: pod-delete, target: deployment/wep}\n":             `7:49: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- waitFor: deployment/wep\n":                                                   `7:12: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- waitFor: {events: {for: deployment/wep}, until: len(events) > 0}\n":          `7:27: warning: no step deploys deployment/wep; did you mean "web"? [not-deployed]; shop.yaml:1:1 deployment/web stands here`,
		"- waitFor: {logs: {of: deployment/web, container: ngnix}, until: count > 0}\n": `7:51: warning: deployment/web has no container "ngnix"; did you mean "nginx"? [unknown-container]; shop.yaml:1:1 deployment/web stands here`,

		// Others may make these.
		"- waitFor: deployment/canary\n":                                                         "",
		"- waitFor: pod/wep\n":                                                                   "",
		"- waitFor: {object: statefulset/wep}\n":                                                 "",
		"- delete: {objects: deployment/gone, ignoreMissing: true}\n":                            "",
		"- waitFor: {object: deployment/wep, until: object != nil}\n  namespace: other\n":        "",
		"- waitFor: {object: {kind: Deployment, name: wep, namespace: other}}\n":                 "",
		"- waitFor: 'deployment/${{ vars.x }}'\n":                                                "",
		"- run: kubectl create deployment wep\n- scale: {object: deployment/wep, replicas: 2}\n": "",
		"- deploy: {kustomize: more}\n- scale: {object: deployment/wep, replicas: 2}\n":          `7:23: no folder "more" in the scenario's folder [invalid-value]`,
		"- deploy: {inline: {apiVersion: apps/v1, kind: Deployment, metadata: {name: '${{ vars.x }}p'}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}}}}\n- scale: {object: deployment/wep, replicas: 2}\n": "",
	} {
		if d := cmp.Diff(want, strings.Join(warnings(t, env, "", steps), "\n")); d != "" {
			t.Errorf("%s%s", steps, d)
		}
	}
	if got := warnings(t, env, ", namespace: fixed", "- scale: {object: deployment/wep, replicas: 2}\n"); got != nil {
		t.Errorf("in a namespace that is there already: %v", got)
	}
}

func TestSelectorsThatMatchNothing(t *testing.T) {
	env := kube.NewEnv(kube.Options{})
	for steps, want := range map[string]string{
		"- waitFor: {objects: {kind: pods, labels: {app: web}}, until: count > 0}\n":            "",
		"- waitFor: {objects: {kind: pods, labels: {app: wep}}, until: count > 0}\n":            `7:49: warning: no pod template of the scenario has the labels app=wep; did you mean "web"? [selector-matches-nothing]`,
		"- waitFor: {objects: {kind: pods, selector: ap=web}, until: count > 0}\n":              `7:45: warning: no pod template of the scenario has the labels ap=web; did you mean "app"? [selector-matches-nothing]`,
		"- delete: {objects: {kind: deployments, labels: {tier: back}}}\n":                      `7:56: warning: no Deployment of the scenario has the labels tier=back [selector-matches-nothing]`,
		"- injectChaos: {experiment: pod-delete, target: {kind: pods, labels: {app: other}}}\n": `7:76: warning: no pod template of the scenario has the labels app=other [selector-matches-nothing]`,
		// Labels that nobody has may be put on by the system under test.
		"- waitFor: {objects: {kind: pods, labels: {quarantined: 'true'}}, until: count > 0}\n":  "",
		"- waitFor: {objects: {kind: pods, selector: 'app!=web'}, until: count == 0}\n":          "",
		"- waitFor: {objects: {kind: pods, labels: {app: '${{ vars.x }}'}}, until: count > 0}\n": "",
		"- waitFor: {objects: {kind: events, labels: {app: wep}}, until: count == 0}\n":          "",
	} {
		if d := cmp.Diff(want, strings.Join(warnings(t, env, "", steps), "\n")); d != "" {
			t.Errorf("%s%s", steps, d)
		}
	}
}

func TestAmountsAreNoTexts(t *testing.T) {
	const ordered = " compares amounts letter by letter; write quantity(…) on both sides [amount-as-text]"
	env := kube.NewEnv(kube.Options{})
	memory := "object.spec.template.spec.containers[0].resources.limits.memory"
	for steps, want := range map[string]string{
		"- waitFor: {object: deployment/web, until: '" + memory + " > \"256Mi\"'}\n":                                                                   "7:109: warning: >" + ordered,
		"- waitFor:\n    object: deployment/web\n    until: " + memory + " > object.spec.template.spec.containers[0].resources.requests[\"memory\"]\n": "9:76: warning: >" + ordered,
		"- waitFor:\n    object: deployment/web\n    until: quantity(" + memory + ") > quantity(\"256Mi\")\n":                                          "",
		"- waitFor:\n    object: deployment/web\n    until: " + memory + " == \"1024Mi\"\n":                                                            `9:79: warning: the server writes "1024Mi" as "1Gi"; write that, or compare quantity(…) on both sides [amount-as-text]`,
		"- waitFor:\n    object: deployment/web\n    until: " + memory + " == \"1Gi\"\n":                                                               "",
		"- waitFor:\n    object: deployment/web\n    failIf: object.metadata.name < \"x\"\n":                                                           "",
		"- waitFor:\n    objects: pods\n    where: item.spec.containers[0].resources.requests.cpu == \"0.5\"\n    until: count == 1\n":                 `9:62: warning: the server writes "0.5" as "500m"; write that, or compare quantity(…) on both sides [amount-as-text]`,
		"- waitFor:\n    objects: pods\n    until: any(objects, any(.spec.containers, .resources?.limits.memory <= \"1Gi\"))\n":                        "9:73: warning: <=" + ordered,
		"- assert:\n    given: {pods: {objects: pods}}\n    that: [\"all(pods, .spec.overhead.cpu >= '1')\"]\n":                                        "9:42: warning: >=" + ordered,
		"- assert:\n    given: {pods: {objects: pods}}\n    that: all(filter(pods, true), .spec.overhead.cpu >= '1')\n":                                "9:54: warning: >=" + ordered,
	} {
		if d := cmp.Diff(want, strings.Join(warnings(t, env, "", steps), "\n")); d != "" {
			t.Errorf("%s%s", steps, d)
		}
	}
}
