package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const fullConfig = `apiVersion: scenario-runner/v1
kind: Config
clusters:
  default: {kubeconfig: kube/default, context: staging}
  edge: {kubeconfig: ~/edge}
connections:
  history:
    type: postgres
    host: db
    port: 5433
    database: history
    user: qa
    passwordFrom: {file: secrets/password}
    tls: {ca: ca.pem, cert: client.pem, key: client.key, serverName: db.example}
    readOnly: true
    statementTimeout: 5s
  shop: {type: postgres, urlFrom: {env: DATABASE_URL}}
prometheus: http://prometheus:9090/
alertmanager:
  url: http://alertmanager:9093
  headers: {X-Team: qa, X-Key: {env: KEY}}
  bearerFrom: {env: TOKEN}
  tls: {ca: ca.pem}
policy:
  contexts: [staging]
  forbiddenNamespaces: [default]
  maxPods: 5
  maxNodes: 1
  maxDuration: 15m
  maxPercent: 50
  requireLabel: chaos=allowed
  businessHours: {days: [Fri, Monday], from: "09:00", to: "17:30", zone: Europe/Berlin}
  confirm: always
`

// openFull reads a configuration with everything in it, in a folder of its own.
func openFull(t *testing.T) (p *project, dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("HOME", "/home/qa")
	file := filepath.Join(dir, "scenario-runner.yaml")
	if err := os.WriteFile(file, []byte(fullConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	p, diags, _, err := readProject(file)
	if err != nil || p == nil {
		t.Fatal(err, diags)
	}
	return p, dir
}

func TestSettingsSayWhatTheConfigurationSays(t *testing.T) {
	p, dir := openFull(t)
	at := func(place string) string { return filepath.Join(dir, "scenario-runner.yaml") + ":" + place }
	in := func(name string) string { return filepath.Join(dir, name) }
	got := p.settings()
	if got.LookupEnv == nil {
		t.Error("secrets can't be looked up")
	}
	got.LookupEnv = nil
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Settings{
		Connections: map[string]settings.Connection{
			"history": {
				Name: "history", At: at("7:3"), Type: "postgres", Host: "db", Port: 5433, Database: "history", User: "qa",
				Password: settings.Value{File: in("secrets/password")}, ReadOnly: true, StatementTimeout: 5 * time.Second,
				TLS: &settings.TLS{CA: in("ca.pem"), Certificate: in("client.pem"), Key: in("client.key"), ServerName: "db.example"},
			},
			"shop": {Name: "shop", At: at("17:3"), Type: "postgres", URLFrom: settings.Value{Env: "DATABASE_URL"}},
		},
		Prometheus: &settings.Endpoint{At: at("18:13"), URL: "http://prometheus:9090"},
		Alertmanager: &settings.Endpoint{
			At: at("19:1"), URL: "http://alertmanager:9093", Bearer: settings.Value{Env: "TOKEN"},
			Headers: map[string]settings.Value{"X-Team": {Text: "qa"}, "X-Key": {Env: "KEY"}}, TLS: &settings.TLS{CA: in("ca.pem")},
		},
		Policy: settings.Policy{
			Contexts:            []settings.Pattern{{Glob: "staging", At: at("25:14")}},
			ForbiddenNamespaces: []settings.Pattern{{Glob: "default", At: at("26:25")}},
			RequireLabel:        settings.Pattern{Glob: "chaos=allowed", At: at("31:17")},
			MaxPods:             5, MaxNodes: 1, MaxPercent: 50, MaxDuration: 15 * time.Minute,
			BusinessHours: &settings.Hours{
				Days: []time.Weekday{time.Monday, time.Friday}, From: 9 * time.Hour, To: 17*time.Hour + 30*time.Minute, Zone: berlin, At: at("32:3"),
			},
			Confirm: settings.Always,
		},
	}
	if d := cmp.Diff(want, got, cmp.FilterPath(func(path cmp.Path) bool { return path.Last().String() == ".LookupEnv" }, cmp.Ignore()), cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); d != "" {
		t.Error(d)
	}
}

// TestClustersOfTheConfiguration holds which flag wins over which line, and that the cluster in the box stands alone.
func TestClustersOfTheConfiguration(t *testing.T) {
	p, dir := openFull(t)
	edge := map[string]kube.Connection{"edge": {Kubeconfig: "/home/qa/edge"}}
	for name, test := range map[string]struct {
		given               kube.Options
		sandbox             bool
		kubeconfig, context string
		clusters            map[string]kube.Connection
	}{
		"no flags":    {kube.Options{}, false, filepath.Join(dir, "kube/default"), "staging", edge},
		"context":     {kube.Options{Context: "other"}, false, filepath.Join(dir, "kube/default"), "other", edge},
		"kubeconfig":  {kube.Options{Kubeconfig: "mine"}, false, "mine", "", edge},
		"sandbox":     {kube.Options{}, true, "", "", nil},
		"own cluster": {kube.Options{Clusters: map[string]kube.Connection{"edge": {Kubeconfig: "b"}}}, true, "", "", map[string]kube.Connection{"edge": {Kubeconfig: "b"}}},
		"flag of the same name": {
			kube.Options{Clusters: map[string]kube.Connection{"edge": {Kubeconfig: "b"}}},
			false,
			filepath.Join(dir, "kube/default"), "staging",
			map[string]kube.Connection{"edge": {Kubeconfig: "b"}},
		},
	} {
		got := p.connect(test.given, test.sandbox)
		if got.Kubeconfig != test.kubeconfig || got.Context != test.context {
			t.Errorf("%s: %q %q", name, got.Kubeconfig, got.Context)
		}
		if d := cmp.Diff(test.clusters, got.Clusters); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
