package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func lookup(name string) (string, bool) {
	value, ok := map[string]string{"TOKEN": "s3cret", "TENANT": "shop"}[name]
	return value, ok
}

func TestConnection(t *testing.T) {
	s := settings.Settings{Connections: map[string]settings.Connection{"history": {Name: "history", Type: "postgres"}, "shop": {Name: "shop"}}}
	if c, err := s.Connection("history"); err != nil || c.Type != "postgres" {
		t.Errorf("got %v, %v", c, err)
	}
	for want, in := range map[string]settings.Settings{
		`no connection "histroy" in the configuration; did you mean "history"?`:                                                                             s,
		`no connection "histroy": the configuration has none; name it under connections in scenario-runner.yaml, or use --sandbox, which brings a database`: {},
	} {
		if _, err := in.Connection("histroy"); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if d := cmp.Diff([]string{"history", "shop"}, s.ConnectionNames()); d != "" {
		t.Error(d)
	}
}

// box stands for a cluster in the box that can bring servers; nothing is started here.
type box struct{ settings.Addons }

// TestConnectionOfTheSandbox tells what a name means with a sandbox and without one.
func TestConnectionOfTheSandbox(t *testing.T) {
	brought := settings.Connection{Name: "history", At: "scenario-runner.yaml:5:3", Type: settings.Postgres, Sandbox: true, ReadOnly: true}
	both := brought
	both.URL, both.TLS = "postgres://qa@db.example/history", &settings.TLS{}
	elsewhere := both
	elsewhere.Sandbox = false
	unknown := settings.Connection{Name: "history", At: "the sandbox", Type: settings.Postgres, Sandbox: true}
	for _, c := range []struct {
		name  string
		given []settings.Connection
		box   settings.Addons
		want  settings.Connection
		err   string
	}{
		{name: "nobody names any", box: box{}, want: unknown},
		{name: "others are named", box: box{}, given: []settings.Connection{{Name: "shop"}}, err: `no connection "history" in the configuration; there is only "shop"`},
		{name: "from the sandbox", box: box{}, given: []settings.Connection{brought}, want: brought},
		{name: "from the sandbox rather than elsewhere", box: box{}, given: []settings.Connection{both}, want: brought},
		{name: "no sandbox, and an address", given: []settings.Connection{both}, want: elsewhere},
		{
			name: "no sandbox", given: []settings.Connection{brought},
			err: `connection "history" is one that --sandbox brings (scenario-runner.yaml:5:3), and there is no sandbox; use --sandbox, or give it an address there`,
		},
	} {
		s := settings.Settings{Addons: c.box, Connections: map[string]settings.Connection{}}
		for _, given := range c.given {
			s.Connections[given.Name] = given
		}
		got, err := s.Connection("history")
		if d := cmp.Diff(c.want, got); d != "" || message(err) != c.err {
			t.Errorf("%s: %v\n%s", c.name, err, d)
		}
	}
}

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{LookupEnv: lookup}
	for want, v := range map[string]settings.Value{
		"": {}, "plain": {Text: "plain"}, "s3cret": {Env: "TOKEN"}, "from a file": {File: file},
	} {
		if got, err := s.Read(v); err != nil || got != want {
			t.Errorf("Read(%+v) = %q, %v", v, got, err)
		}
		if v.Secret() != (v.Env != "" || v.File != "") {
			t.Errorf("%+v: secret is %v", v, v.Secret())
		}
	}
	if _, err := s.Read(settings.Value{Env: "MISSING"}); err == nil || err.Error() != "the environment variable MISSING is not set" {
		t.Errorf("got %v", err)
	}
}

func TestHeaders(t *testing.T) {
	s := settings.Settings{LookupEnv: lookup}
	e := &settings.Endpoint{
		URL: "http://prometheus.example", At: "scenario-runner.yaml:4:3", Bearer: settings.Value{Env: "TOKEN"},
		Headers: map[string]settings.Value{"X-Scope-OrgID": {Env: "TENANT"}, "X-Team": {Text: "qa"}},
	}
	headers, secrets, err := s.Headers(e)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"Authorization": "Bearer s3cret", "X-Scope-OrgID": "shop", "X-Team": "qa"}, headers); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"shop", "s3cret"}, secrets); d != "" {
		t.Error(d)
	}
	e.Bearer.Env = "NO_TOKEN"
	want := "bearer token of http://prometheus.example (scenario-runner.yaml:4:3): the environment variable NO_TOKEN is not set"
	if _, _, err := s.Headers(e); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	e.Headers["X-Team"] = settings.Value{Env: "NO_TEAM"}
	want = "header X-Team of http://prometheus.example (scenario-runner.yaml:4:3): the environment variable NO_TEAM is not set"
	if _, _, err := s.Headers(e); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPolicy(t *testing.T) {
	open := &settings.Policy{}
	if err := open.Context("prod"); err != nil {
		t.Error(err)
	}
	if err := open.Namespace("kube-system"); err != nil {
		t.Error(err)
	}
	p := &settings.Policy{
		Contexts:            []settings.Pattern{{Glob: "staging-*", At: "scenario-runner.yaml:3:13"}, {Glob: "kind", At: "scenario-runner.yaml:3:26"}},
		ForbiddenNamespaces: []settings.Pattern{{Glob: "default", At: "scenario-runner.yaml:4:24"}, {Glob: "kube-*", At: "scenario-runner.yaml:4:33"}},
	}
	for name, want := range map[string]string{
		"staging-2": "", "kind": "",
		"prod": `context "prod" is not allowed by the policy (scenario-runner.yaml:3:13), which allows staging-*, kind; choose one of these with --context, or have the policy changed`,
	} {
		if got := message(p.Context(name)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for name, want := range map[string]string{
		"shop":        "",
		"kube-system": `changes in namespace "kube-system" are forbidden by the policy ("kube-*", scenario-runner.yaml:4:33)`,
	} {
		if got := message(p.Namespace(name)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRate(t *testing.T) {
	const usual = "a load of 500.5 requests per second is more than the 500 that are allowed; choose a lower rate, or have policy.maxRate in scenario-runner.yaml raised"
	for _, c := range []struct {
		allowed int
		rate    float64
		want    string
	}{{0, 500, ""}, {0, 500.5, usual}, {1000, 1000, ""}, {100, 101, "a load of 101 requests per second is more than the 100 that are allowed; choose a lower rate, or have policy.maxRate in scenario-runner.yaml raised"}} {
		if got := message((&settings.Policy{MaxRate: c.allowed}).Rate(c.rate)); got != c.want {
			t.Errorf("%g with %d allowed: got %s, want %s", c.rate, c.allowed, got, c.want)
		}
	}
}
