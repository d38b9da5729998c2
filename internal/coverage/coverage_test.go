package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTableIsUpToDate keeps a new scenario, or another label, from being left out. The results are those of the last
// report, whatever they are.
func TestTableIsUpToDate(t *testing.T) {
	const root = "../.."
	have, err := os.ReadFile(root + "/docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := render(root, said(have))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("run go run ./internal/coverage (-want +got):\n%s", diff)
	}
}

// put writes a file of a small repository.
func put(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestResultsComeFromReportsAndStay(t *testing.T) {
	root := t.TempDir()
	put(t, root, "docs/coverage.md", "")
	put(t, root, "scenarios/safety/a.scenario.yaml", "metadata: {name: a, labels: {area: safety, priority: high}}")
	put(t, root, "scenarios/safety/b.scenario.yaml", "metadata: {name: b, labels: {area: safety, priority: low}}")
	put(t, root, "first.json", `{"schemaVersion": "scenario-runner/report/v1", "scenarios": [
  {"file": "scenarios/safety/a.scenario.yaml", "verdict": "failed", "startedAt": "2026-01-31T12:00:00Z", "seconds": 1.26}]}`)
	put(t, root, "second.json", `{"schemaVersion": "scenario-runner/report/v1", "scenarios": []}`)
	for _, report := range []string{"first.json", "second.json"} {
		if err := write(root, []string{filepath.Join(root, report)}); err != nil {
			t.Fatal(err)
		}
		table, err := os.ReadFile(root + "/docs/coverage.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"| safety | Risk is weighed before anything is done, and what fails is taken back | 2 scenarios |\n",
			"| [a](../scenarios/safety/a.scenario.yaml) | high | failed, 2026-01-31, 1.3 s |\n",
			"| [b](../scenarios/safety/b.scenario.yaml) | low | not on record |\n",
			"| staging | A staging environment is deployed, validated, switched, backed up and cleaned up | **open**: no scenario yet |\n",
		} {
			if !strings.Contains(string(table), want) {
				t.Errorf("after %s the table has no %q:\n%s", report, want, table)
			}
		}
	}
}

func TestSomethingElseThanAReport(t *testing.T) {
	root := t.TempDir()
	put(t, root, "docs/coverage.md", "")
	put(t, root, "other.json", `{"tests": []}`)
	var complaints bytes.Buffer
	code := run([]string{"--root", root, filepath.Join(root, "other.json")}, &complaints)
	if code != 1 || !strings.Contains(complaints.String(), `has the schema version "", expected a JSON report of scenario-runner; write one with --output json=FILE`) {
		t.Errorf("exit code %d: %s", code, complaints.String())
	}
}
