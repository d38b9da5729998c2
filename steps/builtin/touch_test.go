package builtin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// TestWhatStepsTouch shows what a plan says of each kind that changes something, without a cluster: effect, verb, what,
// where, and whether it stays.
func TestWhatStepsTouch(t *testing.T) {
	dir := t.TempDir()
	manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: web}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenario.NewLoader(builtin.New(kube.NewEnv(kube.Options{})), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[string][]string{
		"- deploy: {manifests: all.yaml, undo: keep}":                                                                        {"creates apply configmap/settings; stays", "creates apply namespace/shop (the whole cluster); stays", "creates apply pod/web (namespace shop); stays"},
		"- deploy: {manifests: ['${{ vars.x }}.yaml']}":                                                                      {"creates apply what is in ${{ vars.x }}.yaml"},
		"- deploy: {manifests: '${{ vars.list }}'}":                                                                          {"creates apply what is in ${{ vars.list }}"},
		"- deploy: {inline: '${{ vars.object }}'}":                                                                           {"creates apply what is in inline objects that an expression gives"},
		"- deploy: {inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: 'a-${{ vars.x }}'}}}":                         {"creates apply configmap/a-${{ vars.x }}"},
		"- deploy: {inline: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-}}}":                                {"creates apply configmap/a-…"},
		"- patch: {object: deployment/web, patch: {spec: {replicas: 2, paused: true}, metadata: {annotations: {a.b/c: d}}}}": {`changes patch deployment/web: metadata.annotations["a.b/c"], spec.paused, spec.replicas`},
		"- patch: {object: deployment/web, patch: {spec: {minReadySeconds: 1, paused: true, progressDeadlineSeconds: 1, replicas: 1, revisionHistoryLimit: 1}}, undo: keep}": {"changes patch deployment/web: spec.minReadySeconds, spec.paused, spec.progressDeadlineSeconds, 2 more fields; stays"},
		"- patch: {object: deployment/web, type: json, patch: [{op: replace, path: /spec/replicas, value: 3}]}":                                                              {"changes patch deployment/web: /spec/replicas"},
		"- patch: {object: deployment/web, subresource: status, patch: '${{ vars.object }}'}":                                                                                {"changes patch deployment/web, its status"},
		"- scale: {object: deployment/web, replicas: 0}":                                                                                                                     {"changes scale deployment/web to 0"},
		"- scale: {object: deployment/web, replicas: '${{ vars.n }}'}":                                                                                                       {"changes scale deployment/web to ${{ vars.n }}"},
		"- rollout: {object: deployment/web, action: undo}":                                                                                                                  {"changes roll back deployment/web"},
		"- rollout: {object: deployment/web, action: status}":                                                                                                                nil,
		"- rollout: {object: deployment/web, action: '${{ vars.x }}'}":                                                                                                       {"changes roll out deployment/web"},
		"- delete: [deployment/web, {kind: pods, labels: {app: web}}]":                                                                                                       {"removes delete deployment/web", "removes delete pods[app=web]"},
		"- delete: {objects: jobs, all: true}":                                                                                                                               {"removes delete all jobs"},
		"- injectChaos: {experiment: pod-delete, target: deployment/web}":                                                                                                    {"breaks pod-delete 1 of the pods of deployment/web"},
		"- injectChaos: {experiment: pod-delete, target: pod/web-0}":                                                                                                         {"breaks pod-delete pod/web-0"},
		"- injectChaos: {experiment: pod-delete, target: {labels: {app: web}, count: 2}, duration: 10s}":                                                                     {"breaks pod-delete at most 2 of the pods [app=web] for 10s"},
		"- injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web, percent: 30}}":                                                                        {"breaks pod-delete 30% of the pods of deployment/web, at least 1"},
		"- injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web, count: '${{ vars.n }}'}}":                                                             {"breaks pod-delete at most ${{ vars.n }} of the pods of deployment/web"},
		"- injectChaos: {experiment: scale-to-zero, target: {kind: deployments, labels: {app: web}}}":                                                                        {"breaks scale-to-zero all of the workloads [app=web]"},
		"- injectChaos: {experiment: config-corruption, target: configmap/settings}":                                                                                         {"breaks config-corruption configmap/settings"},
		"- injectChaos: {experiment: node-not-ready, target: {count: 2}}":                                                                                                    {"breaks node-not-ready at most 2 of the nodes (the whole cluster)"},
		"- injectChaos: {experiment: '${{ vars.x }}', target: deployment/web}":                                                                                               {"breaks break deployment/web, by ${{ vars.x }}"},
		"- fireAlert: {alertname: Down, to: {webhook: 'http://user:secret@127.0.0.1/hook'}, count: 3}":                                                                       {"sends fire 3 times alert Down to http://user:xxxxx@127.0.0.1/hook"},
		"- http: http://127.0.0.1/health":                                                                                                                                    nil,
		"- http: {url: 'http://127.0.0.1/orders', json: {id: '${{ vars.n }}'}}":                                                                                              {"sends send POST http://127.0.0.1/orders"},
		"- http: {url: 'http://127.0.0.1/orders', method: DELETE}":                                                                                                           {"sends send DELETE http://127.0.0.1/orders"},
		"- run: {script: kubectl get pods, kubeconfig: true}":                                                                                                                {"runs run kubectl get pods, with access to the cluster"},
		"- startProcess: {command: [server, --verbose]}":                                                                                                                     {"runs start server"},
		"- scale: {object: deployment/web, replicas: 1}\n  namespace: other":                                                                                                 {"changes scale deployment/web to 1 (namespace other)"},
		"- scale: {object: {kind: Deployment, name: web, namespace: shop}, replicas: 1}\n  cluster: east":                                                                    {"changes scale deployment/web to 1 (cluster east, namespace shop)"},
	} {
		text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nvars: {x: a, n: 1, list: [all.yaml], object: {a: b}}\nsteps:\n" + steps +
			"\n- assert: {given: {web: deployment/web}, that: web.spec.replicas == 1}\n"
		s, diags := l.Load(filepath.Join(dir, "a.scenario.yaml"), []byte(text))
		if s == nil {
			t.Errorf("%s\n%v", steps, diags)
			continue
		}
		var got []string
		for _, touch := range plan.Of(s, l.Registry()).Touches {
			line := strings.Join([]string{string(touch.Effect), touch.Verb, touch.What}, " ")
			if touch.Where != "" {
				line += " (" + touch.Where + ")"
			}
			if touch.Stays {
				line += "; stays"
			}
			got = append(got, line)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", steps, d)
		}
	}
}
