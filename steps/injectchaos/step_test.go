package injectchaos_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, injectchaos.New(kube.NewEnv(kube.Options{})))
}

func TestExperimentsAreThoseOfTheCatalogue(t *testing.T) {
	f, _ := reflect.TypeFor[injectchaos.Config]().FieldByName("Experiment")
	if diff := cmp.Diff(strings.Join(catalogue.Names(), ","), f.Tag.Get("enum")); diff != "" {
		t.Error(diff)
	}
}

func TestExamplesCompile(t *testing.T) {
	d := injectchaos.New(kube.NewEnv(kube.Options{}))
	for _, body := range []string{
		"experiment: pod-delete\ntarget: deployment/web",
		"experiment: node-not-ready\ntarget: {}",
		"experiment: config-corruption\ntarget: {name: settings}\nparameters: {key: mode}",
		"experiment: ${{ vars.a }}\ntarget: ${{ vars.b }}\nduration: ${{ vars.c }}\ninterval: 1s",
		"experiment: scale-to-zero\ntarget: {kind: \"${{ vars.b }}\", name: \"${{ vars.b }}\", percent: \"${{ vars.n }}\"}\nduration: 1s\nrecover: false",
		"experiment: scale-to-zero\ntarget: ${{ vars.b }}",
	} {
		if _, diags := (steptest.Use{Definition: d}).Compile(t, body); diags != "" {
			t.Errorf("%s\n%s", body, diags)
		}
	}
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"near name", "experiment: pod-delet\ntarget: deployment/web", `step.yaml:1:13: experiment: "pod-delet" is not one of its values; did you mean "pod-delete"? [unknown-value]` + "\n"},
		{"driver", "experiment: scale-to-zero\ntarget: deployment/web\ndriver: litmus", "step.yaml:1:13: the litmus driver can't do scale-to-zero; leave driver out or use builtin [invalid-value]\n"},
		{"other driver", "experiment: pod-network-loss\ntarget: deployment/web\ndriver: builtin", "step.yaml:1:13: the builtin driver can't do pod-network-loss; leave driver out or use litmus [invalid-value]\n"},
		{"litmus for nothing", "experiment: pod-delete\ntarget: deployment/web\nlitmus: {install: true}", "step.yaml:3:1: warning: the builtin driver carries pod-delete out, which passes over litmus; set driver: litmus [litmus-without-driver]\n"},
		{"seconds", "experiment: pod-network-loss\ntarget: deployment/web\nduration: 1500ms", "step.yaml:3:11: LitmusChaos counts in whole seconds, found 1.5s [invalid-value]\n"},
		{"recover", "experiment: pod-network-loss\ntarget: deployment/web\nduration: 2s\nrecover: false", "step.yaml:4:10: LitmusChaos takes its fault back when the duration is over; leave recover out [invalid-value]\n"},
		{"probe of nothing", "experiment: pod-network-loss\ntarget: deployment/web\nlitmus: {probes: [{name: a, mode: EOT}]}", "step.yaml:3:19: a probe is exactly one of http, k8s, cmd, prom; \"a\" is none of them [invalid-value]\n"},
		{"probe of two", "experiment: pod-network-loss\ntarget: deployment/web\nlitmus: {probes: [{name: a, mode: EOT, http: {url: http://a}, k8s: {version: v1, resource: pods}}]}", "step.yaml:3:19: a probe is exactly one of http, k8s, cmd, prom; \"a\" is http and k8s [invalid-value]\n"},
		{"probes of one name", "experiment: pod-network-loss\ntarget: deployment/web\nlitmus: {probes: [{name: a, mode: EOT, http: {url: http://a}}, {name: a, mode: SOT, http: {url: http://a}}]}", "step.yaml:3:71: there are two probes of the name \"a\"; Litmus knows probes by their names [invalid-value]\n"},
		{"probe times", "experiment: pod-network-loss\ntarget: deployment/web\nlitmus: {probes: [{name: a, mode: EOT, timeout: 100ms, http: {url: http://a}}]}", "step.yaml:3:49: Litmus counts in whole seconds, found 100ms [invalid-value]\n"},
		{"no kind", "experiment: scale-to-zero\ntarget: {labels: {a: b}}", "step.yaml:2:1: target needs a kind, such as Deployment: scale-to-zero hits workloads [invalid-value]\n"},
		{"name and labels", "experiment: pod-delete\ntarget: {name: a, labels: {a: b}}", "step.yaml:2:16: target has a name and labels; give one of them [invalid-value]\n"},
		{"count and percent", "experiment: pod-delete\ntarget: {name: a, count: 1, percent: 5}", "step.yaml:2:38: only one of count, percent can be given [exclusive-fields]\n"},
		{"count", "experiment: pod-delete\ntarget: {name: a, count: -1}", "step.yaml:2:26: count must be 1 or more, found -1 [invalid-value]\n"},
		{"percent", "experiment: pod-delete\ntarget: {name: a, percent: 101}", "step.yaml:2:28: percent must be from 1 to 100, found 101 [invalid-value]\n"},
		{"namespace", "experiment: pod-delete\ntarget: {name: a, namespace: kube-system}", `step.yaml:2:30: namespace "kube-system" is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere [invalid-value]` + "\n"},
		{"selector", "experiment: pod-delete\ntarget: {kind: Pod, selector: 'a in ('}", "step.yaml:2:1: selector \"a in (\": unable to parse requirement: found '', expected: ',', ')' or identifier [invalid-value]\n"},
		{"parameter", "experiment: pod-delete\ntarget: pod/a\nparameters: {grace: 1s}", `step.yaml:3:14: experiment pod-delete has no parameter "grace"; did you mean "gracePeriod"? [unknown-field]` + "\n"},
		{"interval of a state", "experiment: scale-to-zero\ntarget: deployment/a\nduration: 1m\ninterval: 1s", "step.yaml:4:11: interval repeats an act, but scale-to-zero is a state that lasts; only duration counts [invalid-value]\n"},
		{"interval alone", "experiment: pod-delete\ntarget: pod/a\ninterval: 1s", "step.yaml:3:11: interval needs a duration: for how long to repeat pod-delete [invalid-value]\n"},
		{"recover alone", "experiment: scale-to-zero\ntarget: deployment/a\nrecover: false", "step.yaml:3:10: warning: without a duration the step takes nothing back, whatever recover says [recover-without-duration]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: injectchaos.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
			if diff := cmp.Diff(tt.want, heads(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// heads drops the excerpts of diagnostics.
func heads(diags string) string {
	var b strings.Builder
	for line := range strings.Lines(diags) {
		if strings.HasPrefix(line, "step.yaml:") {
			b.WriteString(line)
		}
	}
	return b.String()
}
