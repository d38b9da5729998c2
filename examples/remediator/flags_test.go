package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestFlagsThatAreWrong(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	for name, test := range map[string]struct {
		arguments []string
		code      int
		want      string
	}{
		"no rules":   {nil, exitUsage, "remediator: the flag --rules is missing; name a rule file\n"},
		"argument":   {[]string{"--rules", "rules.yaml", "x"}, exitUsage, "remediator: found argument \"x\", expected flags only\n"},
		"log format": {[]string{"--rules", "rules.yaml", "--log-format", "xml"}, exitUsage, "remediator: found --log-format \"xml\", expected text or json\n"},
		"parallel":   {[]string{"--rules", "rules.yaml", "--parallel", "0"}, exitUsage, "remediator: found --parallel 0, expected 1 or more\n"},
		"context":    {[]string{"--rules", "rules.yaml", "--context", "x"}, exitUsage, "remediator: the flag --context needs --kubeconfig\n"},
		"absent":     {[]string{"--rules", "absent.yaml"}, exitUsage, "read the rule file: open absent.yaml: no such file or directory\n"},
		"no cluster": {[]string{"--rules", "rules.yaml"}, exitError, "remediator: no cluster is named: give --kubeconfig, or run in a pod: " +
			"unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined\n"},
		"address": {
			[]string{"--rules", "rules.yaml", "--kubeconfig", kubeconfig, "--listen", "nowhere"},
			exitError,
			"remediator: listen on \"nowhere\": listen tcp: address nowhere: missing port in address\n",
		},
		"other context": {
			[]string{"--rules", "rules.yaml", "--kubeconfig", kubeconfig, "--context", "x"},
			exitError,
			"remediator: read the kubeconfig \"" + kubeconfig + "\": context \"x\" does not exist\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), test.arguments, &stdout, &stderr)
			if code != test.code || stderr.String() != test.want || stdout.Len() > 0 {
				t.Errorf("code %d, stderr\n%s\nwant %d and\n%s", code, stderr.String(), test.code, test.want)
			}
		})
	}
}

func TestMistakesInTheRulesAreShownWithTheirPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte("rules:\n  - alert: A\n    action: reboot\n    target: {kind: Node, name: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--rules", path}, &stdout, &stderr)
	want := path + ":3:13: unknown action \"reboot\"; known are cordon_node, increase_resources, restart_pod, rollback_deployment, scale_deployment\n"
	if code != exitUsage || stderr.String() != want {
		t.Errorf("code %d, stderr\n%s\nwant %d and\n%s", code, stderr.String(), exitUsage, want)
	}
}
