package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDatabasesOfTheSandbox tells what doctor says of a database that only the sandbox brings, and of one that is elsewhere
// when there is no sandbox.
func TestDatabasesOfTheSandbox(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario-runner.yaml")
	config := `apiVersion: scenario-runner/v1
kind: Config
connections:
  history: {type: postgres, sandbox: true}
  shop: {type: postgres, sandbox: true, url: "postgres://qa@127.0.0.1:1/shop"}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p, diags, _, err := readProject(file)
	if err != nil || p == nil {
		t.Fatal(err, diags)
	}
	want := []finding{
		{Level: levelOK, Topic: "database", Text: "history: run --sandbox brings it"},
		{Level: levelError, Topic: "database", Text: "shop: connection refused: nothing listens on 127.0.0.1:1", Cure: "look at " + file + ":5:3"},
	}
	if d := cmp.Diff(want, databases(t.Context(), p)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
