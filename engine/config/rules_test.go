package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

const policy = head + `clusters: {prod: {context: p}}
policy:
  forbiddenNamespaces: [kube-*, shop-prod]
  forbiddenSteps: [run]
  maxDuration: 15m
`

// refuse returns what the rules say of a scenario with one step.
func refuse(t *testing.T, configuration, text string) []string {
	t.Helper()
	c, found := load(t, configuration)
	if c == nil {
		t.Fatal(found)
	}
	file, diags := source.Parse("a.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	rules := &config.Rules{Config: c, Clusters: []string{"extra"}, Changing: []string{"deploy", "patch"}}
	out := rules.Scenario(file)
	steps, _ := source.Lookup(file.Root, "steps")
	for _, item := range steps.Content {
		for _, p := range source.Pairs(item) {
			if p.Key.Value != "cluster" && p.Key.Value != "namespace" {
				out = append(out, rules.Step(file, item, p)...)
			}
		}
	}
	var messages []string
	for _, d := range out {
		messages = append(messages, d.Error())
	}
	return messages
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		name, config, text string
		want               []string
	}{
		{"nothing", policy, "steps: [{patch: {object: {kind: a, namespace: shop}}}]\n", nil},
		{"duration", policy, "safety: {maxDuration: 20m}\nsteps: []\n", []string{`a.yaml:1:23: maxDuration: the policy allows at most 15m (scenario-runner.yaml:7:16) [policy]`}},
		{"short enough", policy, "safety: {maxDuration: 15m}\nsteps: []\n", nil},
		{"kind", policy, "steps:\n  - run: ls\n", []string{`a.yaml:2:5: run steps are forbidden by the policy (scenario-runner.yaml:6:20) [policy]`}},
		{"cluster", policy, "steps:\n  - {assert: 'true', cluster: prdo}\n", []string{`a.yaml:2:31: no cluster "prdo"; did you mean "prod"? [unknown-cluster]`}},
		{"known clusters", policy, "steps:\n  - {assert: 'true', cluster: extra}\n  - {assert: 'true', cluster: default}\n  - {assert: 'true', cluster: '${{ vars.a }}'}\n", nil},
		{"own clusters", policy, "clusters: [primary, prdo]\nsteps:\n  - {assert: 'true', cluster: prdo}\n", nil},
		{"object", policy, "steps:\n  - patch: {object: {kind: a, namespace: kube-system}}\n    namespace: shop\n", []string{`a.yaml:2:42: changes in namespace "kube-system" are forbidden by the policy ("kube-*", scenario-runner.yaml:5:25) [policy]`}},
		{"manifest", policy, "steps:\n  - deploy: {inline: [{kind: A, metadata: {namespace: shop-prod}}]}\n", []string{`a.yaml:2:55: changes in namespace "shop-prod" are forbidden by the policy ("shop-prod", scenario-runner.yaml:5:33) [policy]`}},
		{"step", policy, "steps:\n  - patch: {object: a/b}\n    namespace: kube-public\n", []string{`a.yaml:3:16: changes in namespace "kube-public" are forbidden by the policy ("kube-*", scenario-runner.yaml:5:25) [policy]`}},
		{"scenario", policy, "metadata: {namespace: kube-public}\nsteps:\n  - patch: {object: a/b}\n", []string{`a.yaml:3:5: changes in namespace "kube-public" are forbidden by the policy ("kube-*", scenario-runner.yaml:5:25) [policy]`}},
		{"only looks", policy, "metadata: {namespace: kube-public}\nsteps:\n  - waitFor: {object: {kind: a, namespace: kube-system}}\n", nil},
		{"label", policy, "steps:\n  - patch: {object: a/b, labels: {namespace: kube-system}}\n", nil},
		{"unknown before the run", policy, "steps:\n  - patch: {object: {kind: a, namespace: '${{ vars.a }}'}}\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, refuse(t, test.config, test.text)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRulesWithoutClusters(t *testing.T) {
	c, _ := load(t, head)
	file, _ := source.Parse("a.yaml", []byte("{assert: 'true', cluster: prod}\n"))
	rules := &config.Rules{Config: c}
	found := rules.Step(file, file.Root, source.Pairs(file.Root)[0])
	want := `a.yaml:1:27: no cluster "prod": scenario-runner.yaml names none; add it there under clusters [unknown-cluster]`
	if len(found) != 1 || found[0].Error() != want {
		t.Errorf("got %v, want %s", found, want)
	}
}
