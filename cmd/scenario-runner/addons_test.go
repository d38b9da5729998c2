package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// TestBoxAddons asks a sandbox that has no Alertmanager, and asks for each other server only once.
func TestBoxAddons(t *testing.T) {
	dir := t.TempDir()
	program, calls := filepath.Join(dir, "sandbox"), filepath.Join(dir, "calls")
	script := `#!/bin/sh
echo "$@" >> ` + calls + `
[ "$2" = prometheus ] && { echo '{"name":"prometheus","url":"http://127.0.0.1:9","rulesDir":"/rules"}'; exit 0; }
[ "$2" = postgres ] && { echo '{"name":"postgres","url":"postgres://sandbox@127.0.0.1:9/postgres","passwordFile":"/password"}'; exit 0; }
echo 'error: sandbox "b": the add-on alertmanager is not installed' >&2
exit 1
`
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	addons := (&runFlags{sandbox: true}).addons()
	addons.use(boxes{&box{binary: program, Name: "b"}})
	for range 2 {
		got, err := addons.Start(t.Context(), settings.Prometheus)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&settings.Endpoint{At: "the sandbox", URL: "http://127.0.0.1:9", RulesDir: "/rules"}, got); d != "" {
			t.Error(d)
		}
	}
	for range 2 {
		got, err := addons.Database(t.Context())
		want := settings.Connection{At: "the sandbox", Type: "postgres", URL: "postgres://sandbox@127.0.0.1:9/postgres", Password: settings.Value{File: "/password"}}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v\n%s", err, d)
		}
	}
	_, err := addons.Start(t.Context(), settings.Alertmanager)
	want := `the sandbox can't bring Alertmanager: sandbox "b": the add-on alertmanager is not installed`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	asked, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("addon prometheus --name b\naddon postgres --name b\naddon alertmanager --name b\n", string(asked)); d != "" {
		t.Error(d)
	}
	if (&runFlags{}).addons().settings() != nil {
		t.Error("a run without a sandbox has add-ons")
	}
	if _, err := (possibleAddons{}).Start(t.Context(), settings.Prometheus); err == nil || err.Error() != "there is no sandbox here that could bring it" {
		t.Errorf("got %v", err)
	}
	if _, err := (possibleAddons{}).Database(t.Context()); err == nil || err.Error() != "there is no sandbox here that could bring a database" {
		t.Errorf("got %v", err)
	}
}
