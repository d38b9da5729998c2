package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// row is a line of the table about a scenario.
var row = regexp.MustCompile(`(?m)^\| \[[^\]]*\]\(\.\./(scenarios/[^)]*)\) \| [^|]* \| ([^|]*) \|$`)

// said returns what an earlier table said of the scenarios, by file.
func said(table []byte) map[string]string {
	out := map[string]string{}
	for _, found := range row.FindAllSubmatch(table, -1) {
		if result := string(found[2]); result != notRun {
			out[string(found[1])] = result
		}
	}
	return out
}

// read takes up the results of a JSON report, by file.
func read(path string, results map[string]string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	var report struct {
		SchemaVersion string `json:"schemaVersion"`
		Scenarios     []struct {
			File      string  `json:"file"`
			Verdict   string  `json:"verdict"`
			StartedAt string  `json:"startedAt"`
			Seconds   float64 `json:"seconds"`
		} `json:"scenarios"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return fmt.Errorf("read the report %s: %w", path, err)
	}
	if !strings.HasPrefix(report.SchemaVersion, "scenario-runner/report/") {
		return fmt.Errorf("%s has the schema version %q, expected a JSON report of scenario-runner; write one with --output json=FILE", path, report.SchemaVersion)
	}
	for _, s := range report.Scenarios {
		day, _, _ := strings.Cut(s.StartedAt, "T")
		results[s.File] = fmt.Sprintf("%s, %s, %.1f s", s.Verdict, day, s.Seconds)
	}
	return nil
}
