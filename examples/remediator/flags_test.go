package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		"style": {[]string{"--rules", "rules.yaml", "--llm-style", "x"}, exitUsage, "remediator: found --llm-style \"x\", expected openai or ollama\n"},
		"no relay": {
			[]string{"--rules", "rules.yaml", "--cluster", "west=" + kubeconfig, "--via", "wets=127.0.0.1:1"},
			exitUsage, "remediator: the flag --via is about cluster \"wets\", which no flag --cluster names\n",
		},
		"no time":    {[]string{"--rules", "rules.yaml", "--llm-timeout", "0s"}, exitUsage, "remediator: the flag --llm-timeout must be above zero\n"},
		"confidence": {[]string{"--rules", "rules.yaml", "--min-confidence", "2"}, exitUsage, "remediator: found --min-confidence 2, expected 0 to 1\n"},
		"database": {
			[]string{"--rules", "rules.yaml", "--kubeconfig", kubeconfig, "--database", "postgres://me:secret@%zz"},
			exitError,
			"remediator: open the database: the address is not one of PostgreSQL, such as postgres://user@host/database\n",
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
	want := path + ":3:13: unknown action \"reboot\"; known are audit_logs, backup_data, cleanup_storage, collect_diagnostics, compact_storage, " +
		"cordon_node, create_heap_dump, drain_node, enable_debug_mode, expand_pvc, failover_database, increase_resources, migrate_workload, " +
		"notify_only, optimize_resources, quarantine_pod, repair_database, reset_service_mesh, restart_daemonset, restart_network, restart_pod, " +
		"rollback_deployment, rotate_secrets, scale_deployment, scale_statefulset, update_hpa, update_network_policy\n"
	if code != exitUsage || stderr.String() != want {
		t.Errorf("code %d, stderr\n%s\nwant %d and\n%s", code, stderr.String(), exitUsage, want)
	}
}

func TestClusterFlags(t *testing.T) {
	var clusters clusterFlags
	for text, want := range map[string]string{
		"east=a.yaml":     "",
		"west=b.yaml,ctx": "",
		"x":               `found "x", expected name=kubeconfig or name=kubeconfig,context`,
		"=a.yaml":         `found "=a.yaml", expected name=kubeconfig or name=kubeconfig,context`,
	} {
		got := ""
		if err := clusters.Set(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", text, got, want)
		}
	}
	want := clusterFlags{"east": {kubeconfig: "a.yaml"}, "west": {kubeconfig: "b.yaml", context: "ctx"}}
	if diff := cmp.Diff(want, clusters, cmp.AllowUnexported(cluster{})); diff != "" || clusters.String() != "east, west" {
		t.Errorf("clusters are %s (-want +got):\n%s", clusters.String(), diff)
	}
	if err := clusters.Set("east=c.yaml"); err == nil || err.Error() != `cluster "east" is given twice` {
		t.Errorf("error is %v", err)
	}
}
