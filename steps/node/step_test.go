package node_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/node"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, node.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no node", "action: cordon", "step.yaml:1:1: node needs one of name, selector, of [missing-field]\n"},
		{"two ways", "action: cordon\nname: a\nof: deployment/web", `step.yaml:3:1: only one of name, selector, of can be given; "name" is given already [exclusive-fields]` + "\n"},
		{"action", "action: drian\nname: a", `step.yaml:1:9: action: "drian" is not one of its values; did you mean "drain"? [unknown-value]` + "\n"},
		{"no taints", "action: taint\nname: a", "step.yaml:1:1: the action taint needs taints, or remove: which taints to take away [missing-field]\n"},
		{"no labels", "action: label\nname: a", "step.yaml:1:1: the action label needs labels, or remove: which labels to take away [missing-field]\n"},
		{"not of the action", "action: cordon\nname: a\nforce: true", "step.yaml:3:8: force is for the action drain, not for cordon [invalid-value]\n"},
		{"remove of the action", "action: drain\nname: a\nremove: b", "step.yaml:3:9: remove is for the action taint or label, not for drain [invalid-value]\n"},
		{"taint", "action: taint\nname: a\ntaints: dedicated", `step.yaml:3:9: taints: "dedicated" is not a taint: write key=value:Effect or key:Effect, as in dedicated=database:NoSchedule [invalid-value]` + "\n"},
		{"effect", "action: taint\nname: a\ntaints: a=b:NoSchedul", `step.yaml:3:9: taints: "NoSchedul" is not an effect of a taint; did you mean "NoSchedule"? [invalid-value]` + "\n"},
		{"effect to remove", "action: taint\nname: a\nremove: a:NoExec", `step.yaml:3:9: "NoExec" is not an effect of a taint; did you mean "NoExecute"? [invalid-value]` + "\n"},
		{"selector", "action: cordon\nselector: a in", `step.yaml:2:11: selector "a in": unable to parse requirement: found '' expected: '(' [invalid-value]` + "\n"},
		{"count", "action: cordon\nselector: a\ncount: 0", "step.yaml:3:8: count must be 1 or more, found 0 [invalid-value]\n"},
		{"grace", "action: drain\nname: a\ngracePeriod: -1s", "step.yaml:3:14: gracePeriod: a duration can't be negative [invalid-value]\n"},
		{"reference", "action: cordon\nof: {kind: pod, name: a, labels: {a: b}}", "step.yaml:2:1: pod/a[a=b] has a name and a label selector; give one of them [invalid-value]\n"},
		{"known later", "action: ${{ vars.action }}\nname: ${{ vars.names }}\ncount: ${{ vars.count }}", ""},
		{"taints known later", "action: taint\nname: a\ntaints: {key: \"${{ vars.key }}\", effect: NoExecute}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: node.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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
