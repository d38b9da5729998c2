package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/config"
)

const head = "apiVersion: scenario-runner/v1\nkind: Config\n"

func load(t *testing.T, text string) (*config.Config, []string) {
	t.Helper()
	c, diags := config.Load("scenario-runner.yaml", []byte(text), config.Options{
		Kinds: []string{"deploy", "run", "exec"}, Outputs: []string{"text", "json", "junit"},
	})
	var found []string
	for _, d := range diags {
		found = append(found, d.Error())
	}
	return c, found
}

func TestLoad(t *testing.T) {
	c, found := load(t, head+`x-anything: {a: [1]}
clusters:
  default: {context: staging}
  prod: {kubeconfig: ~/.kube/prod}
environment: REGION
connections:
  history:
    type: postgres
    host: 127.0.0.1
    port: 5432
    database: history
    user: qa
    passwordFrom: {env: HISTORY_PASSWORD}
    tls: {ca: ca.pem}
    readOnly: true
    statementTimeout: 5s
prometheus: http://127.0.0.1:9090
alertmanager:
  url: http://127.0.0.1:9093
  headers: {X-Scope-OrgID: shop, X-Token: {env: TOKEN}}
defaults: {parallel: 8, timeout: 30m, output: [text, junit=report.xml], cleanup: wait}
policy:
  contexts: staging-*
  forbiddenNamespaces: [kube-*, default]
  forbiddenSteps: [run]
  maxPods: 5
  maxDuration: 15m
`)
	if len(found) > 0 {
		t.Fatal(found)
	}
	want := config.Config{
		APIVersion: "scenario-runner/v1", Kind: "Config",
		Clusters:    map[string]config.Cluster{"default": {Context: "staging"}, "prod": {Kubeconfig: "~/.kube/prod"}},
		Environment: []string{"REGION"},
		Connections: map[string]config.Connection{"history": {
			Type: "postgres", Host: "127.0.0.1", Port: 5432, Database: "history", User: "qa",
			PasswordFrom: &config.Secret{Env: "HISTORY_PASSWORD"}, TLS: &config.TLS{CA: "ca.pem"}, ReadOnly: true, StatementTimeout: 5 * time.Second,
		}},
		Prometheus: &config.Endpoint{URL: "http://127.0.0.1:9090"},
		Alertmanager: &config.Endpoint{
			URL: "http://127.0.0.1:9093", Headers: map[string]config.Value{"X-Scope-OrgID": {Value: "shop"}, "X-Token": {Env: "TOKEN"}},
		},
		Defaults: config.Defaults{Parallel: 8, Timeout: 30 * time.Minute, Output: []string{"text", "junit=report.xml"}, Cleanup: "wait"},
		Policy: config.Policy{
			Contexts: []string{"staging-*"}, ForbiddenNamespaces: []string{"kube-*", "default"}, ForbiddenSteps: []string{"run"},
			MaxPods: 5, MaxDuration: 15 * time.Minute,
		},
	}
	if d := cmp.Diff(want, *c, cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".file" || p.Last().String() == ".body"
	}, cmp.Ignore())); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]string{
		"policy.contexts.0":            "scenario-runner.yaml:25:13",
		"policy.forbiddenNamespaces.1": "scenario-runner.yaml:26:33",
		"defaults.parallel":            "scenario-runner.yaml:23:22",
		"connections.history":          "scenario-runner.yaml:9:3",
	} {
		if got := c.At(strings.Split(path, ".")...).String(); got != want {
			t.Errorf("At(%s) = %s, want %s", path, got, want)
		}
	}
}

func TestLoadReports(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"kind", "apiVersion: scenario-runner/v1\nkind: Scenario\n", `scenario-runner.yaml:2:7: kind: "Scenario" is not one of its values; there is only "Config" [unknown-value]`},
		{"list", "[a]\n", `scenario-runner.yaml:1:1: a configuration is a mapping that starts with apiVersion and kind [wrong-type]`},
		{"unknown", head + "cluster: {}\n", `scenario-runner.yaml:3:1: unknown field "cluster" of the configuration; did you mean "clusters"? [unknown-field]`},
		{"expression", head + "prometheus: ${{ env.URL }}\n", `scenario-runner.yaml:3:13: a configuration holds no expressions; found "${{ env.URL }}" [invalid-value]`},
		{"no way", head + "clusters: {prod: {}}\n", `scenario-runner.yaml:3:12: cluster "prod" names neither a kubeconfig nor a context [invalid-value]`},
		{"name", head + "clusters: {-prod: {context: a}}\n", `scenario-runner.yaml:3:12: "-prod" is no name for a cluster; use letters, digits and inner dashes [invalid-value]`},
		{"crds", head + "crds: [testdata/project/crds, testdata/crd]\n", `scenario-runner.yaml:3:31: crds: "testdata/crd" does not exist; paths start in the folder of this file [invalid-value]`},
		{"library", head + "library: load_test.go\n", `scenario-runner.yaml:3:10: library: "load_test.go" is a file; name the folder that holds the templates [invalid-value]`},
		{"environment", head + "environment: [A, B-C]\n", `scenario-runner.yaml:3:18: "B-C" is no name of an environment variable; it has letters, digits and underscores [invalid-value]`},
		{"type", head + "connections: {a: {type: mysql, host: b}}\n", `scenario-runner.yaml:3:25: type: "mysql" is not one of its values; there is only "postgres" [unknown-value]`},
		{"no address", head + "connections: {a: {type: postgres}}\n", `scenario-runner.yaml:3:15: connection "a" needs one of url, urlFrom, host, or sandbox: true [invalid-value]`},
		{
			"parts of no address", head + "connections: {a: {type: postgres, sandbox: true, user: qa}}\n",
			`scenario-runner.yaml:3:56: user means nothing for a database that only the sandbox brings; give an address for runs without it, or remove it [invalid-value]`,
		},
		{"two addresses", head + "connections:\n  a: {type: postgres, url: 'postgres://h/d', host: b}\n", `scenario-runner.yaml:4:52: only one of url, urlFrom, host can be given; "url" is given already [invalid-value]`},
		{"part", head + "connections:\n  a: {type: postgres, url: 'postgres://h/d', user: b}\n", `scenario-runner.yaml:4:52: user is a part of the address; write it there, or give host instead of the address [invalid-value]`},
		{"address", head + "connections:\n  a: {type: postgres, url: 'mysql://h/d'}\n", `scenario-runner.yaml:4:28: url: an address of a database is like postgres://user@host:5432/database [invalid-value]`},
		{"password", head + "connections:\n  a: {type: postgres, url: 'postgres://u:secret@h/d'}\n", `scenario-runner.yaml:4:28: url: a password does not belong into a file that is shared; take it out, and say in passwordFrom where it comes from [invalid-value]`},
		{"port", head + "connections:\n  a: {type: postgres, host: h, port: 70000}\n", `scenario-runner.yaml:4:38: port: a port is from 1 to 65535, found 70000 [invalid-value]`},
		{"secret", head + "connections:\n  a: {type: postgres, host: h, passwordFrom: {env: A, file: b}}\n", `scenario-runner.yaml:4:32: passwordFrom needs either env or file [invalid-value]`},
		{"key", head + "connections:\n  a: {type: postgres, host: h, tls: {cert: a}}\n", `scenario-runner.yaml:4:32: tls: cert and key are given together or not at all [invalid-value]`},
		{"endpoint", head + "prometheus: 127.0.0.1:9090\n", `scenario-runner.yaml:3:13: prometheus: an address starts with http:// or https:// and names a host; found "127.0.0.1:9090" [invalid-value]`},
		{"login", head + "alertmanager: {url: 'http://a:b@c'}\n", `scenario-runner.yaml:3:21: alertmanager: who logs in does not belong into the address; give headers or bearerFrom [invalid-value]`},
		{"header", head + "alertmanager: {url: 'http://c', headers: {A: {value: a, env: B}}}\n", `scenario-runner.yaml:3:43: header "A" needs a text, or one of env, file [invalid-value]`},
		{"rules", head + "alertmanager: {url: 'http://c', rulesDir: /rules}\n", `scenario-runner.yaml:3:43: rulesDir: only Prometheus takes rules [invalid-value]`},
		{"bearer", head + "alertmanager: {url: 'http://c', headers: {authorization: a}, bearerFrom: {env: B}}\n", `scenario-runner.yaml:3:58: header "authorization" is given by bearerFrom already [invalid-value]`},
		{"parallel", head + "defaults: {parallel: 0}\n", `scenario-runner.yaml:3:22: parallel: at least 1 scenario runs at once, found 0 [invalid-value]`},
		{"retries", head + "defaults: {retries: -1}\n", `scenario-runner.yaml:3:21: retries: a scenario can't be run again -1 times [invalid-value]`},
		{"output", head + "defaults: {output: [text, junti=a.xml]}\n", `scenario-runner.yaml:3:27: output: unknown kind "junti"; did you mean "junit"? [invalid-value]`},
		{"unit", head + "defaults: {timeout: 30}\n", `scenario-runner.yaml:3:21: timeout: 30 has no unit; did you mean 30s? [missing-unit]`},
		{"step kind", head + "policy: {forbiddenSteps: [deploy, rn]}\n", `scenario-runner.yaml:3:35: forbiddenSteps: there is no step kind "rn"; did you mean "run"? [invalid-value]`},
		{"no contexts", head + "policy: {contexts: []}\n", `scenario-runner.yaml:3:10: contexts: an empty list would allow no context at all; name one, or leave the key out [invalid-value]`},
		{"no pattern", head + "policy: {forbiddenNamespaces: [a, '']}\n", `scenario-runner.yaml:3:35: forbiddenNamespaces: a pattern is empty [invalid-value]`},
		{"limit", head + "policy: {maxNodes: 0}\n", `scenario-runner.yaml:3:20: maxNodes: a limit is 1 or more, found 0 [invalid-value]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, found := load(t, test.text)
			if c != nil {
				t.Error("it was loaded in spite of the mistake")
			}
			if d := cmp.Diff([]string{test.want}, found); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "project", "tests", "shop")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(path ...string) string {
		t.Helper()
		file := filepath.Join(append([]string{root}, path...)...)
		if err := os.WriteFile(file, []byte(head), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	find := func(want string) {
		t.Helper()
		if got, err := config.Find(deep); err != nil || got != want {
			t.Errorf("found %q, %v; want %q", got, err, want)
		}
	}
	outer := write(config.FileName)
	find(outer)
	if err := os.Mkdir(filepath.Join(root, "project", ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	find("") // another project's file, above the folder with .git
	inner := write("project", config.FileName)
	find(inner)
	if err := os.Mkdir(filepath.Join(deep, config.FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(deep, config.FileName) + " is a folder; the configuration is a file of this name"
	if _, err := config.Find(deep); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPath(t *testing.T) {
	c, diags := config.Load(filepath.FromSlash("project/scenario-runner.yaml"), []byte(head), config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for path, want := range map[string]string{"": "", "a/b": "project/a/b", "~/c": "/home/qa/c", "/d": "/d", "../e": "e"} {
		if got := filepath.ToSlash(c.Path(path, "/home/qa")); got != want {
			t.Errorf("Path(%q) = %q, want %q", path, got, want)
		}
	}
}
