package exec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/exec"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, exec.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nowhere", "command: ls", `step.yaml:1:1: exec needs "in": where: a pod, pods by labels, or a workload or Service whose pods are meant [missing-field]` + "\n"},
		{"nothing", "in: pod/a", "step.yaml:1:1: exec needs one of command, script [missing-field]\n"},
		{"both", "in: pod/a\ncommand: ls\nscript: ls", `step.yaml:3:1: only one of command, script can be given; "command" is given already [exclusive-fields]` + "\n"},
		{"empty", "in: pod/a\ncommand: []", "step.yaml:2:1: the command is empty; its first word is the program [invalid-value]\n"},
		{"reference", "in: {kind: pod, name: a, labels: {b: c}}\ncommand: ls", "step.yaml:1:1: pod/a[b=c] has a name and a label selector; give one of them [invalid-value]\n"},
		{"known later", "in: ${{ vars.in }}\ncommand: [\"${{ vars.program }}\", -v]\nexitCodes: ${{ vars.code }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: exec.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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
