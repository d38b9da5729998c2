package injectchaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// strict is a lab under a policy and a safety of its own.
type strict struct {
	*lab
	env *kube.Env
	run step.Run
}

func (l *lab) under(policy settings.Policy, safety step.Safety) *strict {
	l.t.Helper()
	env := kube.NewEnv(kube.Options{Kubeconfig: l.Kubeconfig, Settings: settings.Settings{Policy: policy, Now: tuesday}})
	l.t.Cleanup(env.Close)
	s := &strict{lab: l, env: env, run: *l.Run}
	s.run.Scenario.Owned = false // the namespace is there already
	s.run.Scenario.Safety = safety
	return s
}

// tuesday is when the tests of hours take place.
func tuesday() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }

func (s *strict) inject(body string) error {
	s.t.Helper()
	_, err := steptest.Use{Definition: injectchaos.New(s.env), Run: &s.run}.Do(s.ctx, s.t, body)
	return err
}

func TestRefusals(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 3)
	l.Apply(t, service)
	l.endpoints("web", 3)
	nodes := "{kind: Node, labels: {lab: " + l.Target.Namespace + "}, count: 2}"
	l.ownNode("-a")
	l.ownNode("-b")
	pod := l.pods()[0]
	place := l.Target.Namespace
	tests := []struct {
		name   string
		policy settings.Policy
		safety step.Safety
		body   string
		want   string
	}{
		{
			"policy: pods",
			settings.Policy{MaxPods: 1},
			step.Safety{},
			"experiment: pod-delete\ntarget: {kind: Deployment, name: web, count: 2}",
			"hitting 2 pods is not allowed by the policy, whose maxPods is 1; choose fewer, or have the policy changed",
		},
		{
			"policy: pods of a workload",
			settings.Policy{MaxPods: 2},
			step.Safety{},
			"experiment: scale-to-zero\ntarget: deployment/web",
			"hitting 3 pods is not allowed by the policy, whose maxPods is 2; choose fewer, or have the policy changed",
		},
		{
			"policy: pods of a service",
			settings.Policy{MaxPods: 2},
			step.Safety{},
			"experiment: service-disruption\ntarget: service/web",
			"hitting 3 pods is not allowed by the policy, whose maxPods is 2; choose fewer, or have the policy changed",
		},
		{
			"policy: nodes",
			settings.Policy{MaxNodes: 1},
			step.Safety{},
			"experiment: node-taint\ntarget: " + nodes,
			"hitting 2 nodes is not allowed by the policy, whose maxNodes is 1; choose fewer, or have the policy changed",
		},
		{
			"policy: namespace",
			settings.Policy{ForbiddenNamespaces: []settings.Pattern{{Glob: place, At: "scenario-runner.yaml:5:3"}}},
			step.Safety{},
			"experiment: pod-delete\ntarget: deployment/web",
			`changes in namespace "` + place + `" are forbidden by the policy ("` + place + `", scenario-runner.yaml:5:3)`,
		},
		{
			"pods",
			settings.Policy{},
			step.Safety{MaxPods: 2},
			"experiment: pod-delete\ntarget: {kind: Deployment, name: web, percent: 100}",
			"hitting 3 pods is more than the scenario's safety.maxPods of 2 allows; choose fewer with count or percent",
		},
		{
			"nodes",
			settings.Policy{},
			step.Safety{MaxNodes: 1},
			"experiment: node-taint\ntarget: " + nodes,
			"hitting 2 nodes is more than the scenario's safety.maxNodes of 1 allows; choose fewer with count or percent",
		},
		{
			"policy: percent",
			settings.Policy{MaxPercent: 50},
			step.Safety{MaxPercent: 80},
			"experiment: pod-delete\ntarget: {kind: Deployment, name: web, count: 2}",
			"hitting 2 of 3 living pods is not allowed by the policy, whose maxPercent is 50; choose fewer, or have the policy changed",
		},
		{
			"policy: label",
			settings.Policy{RequireLabel: settings.Pattern{Glob: "chaos=allowed", At: "scenario-runner.yaml:7:17"}},
			step.Safety{},
			"experiment: pod-delete\ntarget: {kind: Pod, name: " + pod + "}",
			"hitting Pod/" + pod + " is refused: it does not have the label chaos=allowed that the policy demands (requireLabel, scenario-runner.yaml:7:17), nor does its namespace " + place,
		},
		{
			"policy: label, when that of the scenario is there",
			settings.Policy{RequireLabel: settings.Pattern{Glob: "chaos=allowed", At: "scenario-runner.yaml:7:17"}},
			step.Safety{RequireLabel: "app=web"},
			"experiment: pod-delete\ntarget: {kind: Pod, name: " + pod + "}",
			"hitting Pod/" + pod + " is refused: it does not have the label chaos=allowed that the policy demands (requireLabel, scenario-runner.yaml:7:17), nor does its namespace " + place,
		},
		{
			"policy: hours",
			settings.Policy{BusinessHours: &settings.Hours{Days: []time.Weekday{time.Monday}, From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC, At: "scenario-runner.yaml:8:18"}},
			step.Safety{},
			"experiment: pod-delete\ntarget: deployment/web",
			"a fault on Tue 2026-11-24 10:00 UTC is refused by the policy (scenario-runner.yaml:8:18), whose businessHours allow faults only Mon 09:00 to 17:00 UTC; they open next on Mon 2026-11-30 09:00 UTC",
		},
		{
			"policy: a fault that outlasts the hours",
			settings.Policy{BusinessHours: &settings.Hours{To: 10*time.Hour + time.Minute, Zone: time.UTC, At: "scenario-runner.yaml:8:18"}},
			step.Safety{},
			"experiment: scale-to-zero\ntarget: deployment/web\nduration: 5m",
			"a fault of 5m0s on Tue 2026-11-24 10:00 UTC is refused by the policy (scenario-runner.yaml:8:18), whose businessHours allow faults only every day 00:00 to 10:01 UTC: they close on Tue 2026-11-24 10:01 UTC; choose a shorter duration",
		},
		{
			"percent",
			settings.Policy{},
			step.Safety{MaxPercent: 50},
			"experiment: pod-delete\ntarget: {kind: Deployment, name: web, count: 2}",
			"hitting 2 of 3 living pods is more than the scenario's safety.maxPercent of 50 allows; choose fewer with count or percent",
		},
		{
			"namespace",
			settings.Policy{},
			step.Safety{ForbiddenNamespaces: []string{"sr-test-*"}},
			"experiment: pod-delete\ntarget: deployment/web",
			`changes in namespace "` + place + `" are forbidden by the scenario's safety.forbiddenNamespaces ("sr-test-*")`,
		},
		{
			"quota on a namespace",
			settings.Policy{},
			step.Safety{ForbiddenNamespaces: []string{"default"}},
			"experiment: quota-exhaustion\ntarget: namespace/default",
			`changes in namespace "default" are forbidden by the scenario's safety.forbiddenNamespaces ("default")`,
		},
		{
			"quota on a namespace of the platform",
			settings.Policy{},
			step.Safety{},
			"experiment: quota-exhaustion\ntarget: namespace/kube-system",
			`namespace "kube-system" is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere`,
		},
		{
			"label",
			settings.Policy{},
			step.Safety{RequireLabel: "chaos=allowed"},
			"experiment: pod-delete\ntarget: {kind: Pod, name: " + pod + "}",
			"hitting Pod/" + pod + " is refused: it does not have the label chaos=allowed that the scenario's safety.requireLabel demands, nor does its namespace " + place,
		},
		{
			"label of a node",
			settings.Policy{},
			step.Safety{RequireLabel: "chaos=allowed"},
			"experiment: node-taint\ntarget: node/" + place + "-a",
			"hitting Node/" + place + "-a is refused: it does not have the label chaos=allowed that the scenario's safety.requireLabel demands",
		},
		{
			"context",
			settings.Policy{},
			step.Safety{Contexts: []string{"kind-*"}},
			"experiment: pod-delete\ntarget: deployment/web",
			`context "` + l.Target.Cluster.Connection.Context + `" is not among the scenario's safety.contexts, which are kind-*; choose one of these with --context`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := l.under(tt.policy, tt.safety)
			err := s.inject(tt.body)
			if err == nil || err.Error() != tt.want || step.VerdictOf(err) != step.Errored {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	if open := l.Host.Open(); len(open) != 0 || len(l.pods()) != 3 {
		t.Errorf("the ledger has %v, pods are %v", open, l.pods())
	}
}

func TestWhatIsAllowedIsDone(t *testing.T) {
	l := newLab(t)
	l.Apply(t, strings.Replace(workload("Deployment", "web", 2), "metadata: {labels: {app: web}}", "metadata: {labels: {app: web, chaos: allowed}}", 1))
	l.until("deployment/web", isReady)
	name := l.Target.Cluster.Connection.Context
	mark, hours := settings.Pattern{Glob: "chaos=allowed"}, &settings.Hours{Days: []time.Weekday{time.Tuesday}, From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC}
	s := l.under(settings.Policy{MaxPods: 1, MaxNodes: 1, MaxPercent: 50, RequireLabel: mark, BusinessHours: hours, Contexts: []settings.Pattern{{Glob: name}}},
		step.Safety{MaxPods: 1, MaxNodes: 1, MaxPercent: 50, RequireLabel: "chaos=allowed", Contexts: []string{name}, ForbiddenNamespaces: []string{"payments"}})
	for range 2 { // an act is over when its step ends, and counts no longer
		if err := s.inject("experiment: pod-delete\ntarget: deployment/web\nduration: 10ms"); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"namespace/" + l.Target.Namespace + "/pod/", "namespace/" + l.Target.Namespace + "/deployment/web"}
	claimed := l.Host.Claimed()
	if len(claimed) != 4 || !strings.HasPrefix(claimed[0], want[0]) || claimed[1] != want[1] {
		t.Errorf("claimed %v", claimed)
	}
}

// TestWhatIsTheScenariosOwnNeedsNoMark holds that the label of the policy is asked for where others may be at work.
func TestWhatIsTheScenariosOwnNeedsNoMark(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	mark := settings.Policy{RequireLabel: settings.Pattern{Glob: "chaos=allowed", At: "scenario-runner.yaml:7:17"}}
	const body = "experiment: pod-delete\ntarget: deployment/web\nduration: 10ms"
	own := l.under(mark, step.Safety{})
	own.run.Scenario.ID += "-own"
	own.run.Scenario.Namespace, own.run.Scenario.Owned = own.run.Scenario.ID, true
	place, err := own.env.Target(t.Context(), &own.run)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := place.Apply(t.Context(), kubetest.Object(t, workload("Deployment", "web", 2)), kube.Change{}); err != nil {
		t.Fatal(err)
	}
	web, err := kube.ParseRef("deployment/web")
	if err != nil {
		t.Fatal(err)
	}
	if err := place.WatchRef(t.Context(), web, func(shot kube.Snapshot) (bool, error) { return isReady(shot.Object), nil }); err != nil {
		t.Fatal(err)
	}
	if err := own.inject(body); err != nil {
		t.Error(err)
	}
	if err := l.under(mark, step.Safety{}).inject(body); err == nil || !strings.Contains(err.Error(), "the policy demands (requireLabel, scenario-runner.yaml:7:17)") {
		t.Errorf("in a namespace of others: %v", err)
	}
}

func TestFaultsCountTogetherWhileTheyStand(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	l.deploy("Deployment", "api", 1)
	s := l.under(settings.Policy{MaxPods: 2}, step.Safety{})
	if err := s.inject("experiment: scale-to-zero\ntarget: deployment/web"); err != nil {
		t.Fatal(err)
	}
	other := *s
	other.run.Scenario.ID = "another-scenario"
	other.run.Host = steptest.NewHost(t, injectchaos.Undos(s.env)...)
	want := "hitting 1 pods while other faults hit 2 already is not allowed by the policy, whose maxPods is 2; choose fewer, or have the policy changed"
	if err := other.inject("experiment: scale-to-zero\ntarget: deployment/api"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := l.Host.Close(); err != nil { // the scenario of the first fault is over
		t.Fatal(err)
	}
	if err := other.inject("experiment: scale-to-zero\ntarget: deployment/api"); err != nil {
		t.Error(err)
	}
}

func TestProductionIsNeverHitUnasked(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	content, err := os.ReadFile(l.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	context := l.Target.Cluster.Connection.Context
	renamed := strings.ReplaceAll(strings.ReplaceAll(string(content), "name: "+context, "name: eu-prod-1"), "current-context: "+context, "current-context: eu-prod-1")
	renamed = strings.ReplaceAll(renamed, "cluster: "+context, "cluster: eu-prod-1")
	renamed = strings.ReplaceAll(renamed, "user: "+context+"\n", "user: eu-prod-1\n")
	if err := os.WriteFile(file, []byte(renamed), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Kubeconfig = file
	const want = `chaos on context "eu-prod-1" is refused because it looks like production; if it is meant, name it under contexts of the policy or under safety.contexts of the scenario`
	const body = "experiment: config-corruption\ntarget: configmap/settings\nduration: 10ms"
	for _, policy := range []settings.Policy{{}, {Contexts: []settings.Pattern{{Glob: "*"}}}} {
		if err := l.under(policy, step.Safety{}).inject(body); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if err := l.under(settings.Policy{}, step.Safety{Contexts: []string{"*-prod-1"}}).inject(body); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff("slow", l.get("configmap/settings").Object["data"].(map[string]any)["mode"]); diff != "" {
		t.Error(diff)
	}
}

// TestAutoTriesTheNextDriver uses an experiment that the builtin driver can do in general, and not in this form.
func TestAutoTriesTheNextDriver(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 1)
	const body = "experiment: container-kill\ntarget: deployment/web\nduration: 2s\ninterval: 1s\n"
	const refused = "the builtin driver kills a container once; leave interval out, or use driver: litmus"
	out, err := l.inject(body)
	if err == nil || !strings.HasPrefix(err.Error(), refused+"; and litmus can't do it either: ") || out["driver"] != "litmus" {
		t.Errorf("got %v, %v", err, out["driver"])
	}
	if _, err = l.inject(body + "driver: builtin"); err == nil || err.Error() != refused {
		t.Errorf("got  %v\nwant %s", err, refused)
	}
}
