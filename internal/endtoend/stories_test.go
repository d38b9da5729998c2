//go:build e2e

package endtoend

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// report is the part of the JSON report that the tests read.
type report struct {
	Scenarios []struct {
		Name, Verdict string
		Seconds       float64
	}
}

// stories runs the stories that match a pattern as a user does, so many at a time, and prints how long each took.
func (c *cluster) stories(t *testing.T, pattern, parallel string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.root, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s matches %d files: %v", pattern, len(files), err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	args := append([]string{"run", "--kubeconfig", c.kubeconfig, "--parallel", parallel, "--output", "text", "--output", "json=" + file}, files...)
	said, err := c.command(t.Context(), "scenario-runner", args...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(content, &r); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Scenarios {
		t.Logf("%-40s %-8s %s", s.Name, s.Verdict, time.Duration(s.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	}
	if len(r.Scenarios) != len(files) {
		t.Errorf("%d stories were run, expected %d", len(r.Scenarios), len(files))
	}
}
