package export

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

func at(file string, line, column, width int) diag.Range {
	return diag.Range{File: file, Start: diag.Position{Line: line, Column: column}, End: diag.Position{Line: line, Column: column + width}}
}

func found() Result {
	var list diag.List
	list.Warn(at("b, c.yaml", 1, 1, 4), "duplicate-name", "name %q is also used by a.yaml", "x")
	list.Add(at("dir/a b.yaml", 8, 5, 6), "unknown-step-kind", "unknown step kind %q; 100%% sure?\nyes", "sleeep").
		Note(at("dir/a b.yaml", 2, 1, 3), "first seen here").Note(diag.Range{}, "and nowhere else")
	list.Add(at("/elsewhere/é.yaml", 3, 2, 1), "", "odd")
	return Result{Files: []string{"b, c.yaml", "dir/a b.yaml", "/elsewhere/é.yaml"}, Diagnostics: list, Base: "/project", Version: "v1.2.3"}
}

func TestFormsMatchGoldens(t *testing.T) {
	for name, write := range map[string]func(io.Writer, Result) error{
		"found.json": JSON, "found.sarif": SARIF, "found.github": GitHub, "found.txt": Lines,
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := write(&b, found()); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("-golden +got:\n%s", d)
			}
		})
	}
}

func TestNothingFoundIsStillADocument(t *testing.T) {
	for _, c := range []struct {
		write func(io.Writer, Result) error
		want  []string
	}{
		{JSON, []string{`"valid": true`, `"diagnostics": []`}},
		{SARIF, []string{`"results": []`, `"rules": []`}},
	} {
		var b strings.Builder
		if err := c.write(&b, Result{Files: []string{"a.yaml"}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s is missing in\n%s", want, b.String())
			}
		}
	}
}

func TestGitHubCountsWhatIsBeyondTheLimit(t *testing.T) {
	var r Result
	for i := range MostAnnotations + 2 {
		r.Diagnostics.Add(at("a.yaml", i+1, 1, 1), "invalid-value", "error %d", i)
	}
	for i := range MostAnnotations + 1 {
		r.Diagnostics.Warn(at("a.yaml", i+1, 1, 1), "unused-var", "warning %d", i)
	}
	var b strings.Builder
	if err := GitHub(&b, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2*MostAnnotations+1 {
		t.Errorf("%d lines, want %d", len(lines), 2*MostAnnotations+1)
	}
	want := fmt.Sprintf("::notice title=scenario-runner::2 more errors and 1 more warning not shown as annotations; GitHub shows %d of each", MostAnnotations)
	if got := lines[len(lines)-1]; got != want {
		t.Errorf("last line\n%s\nwant\n%s", got, want)
	}
}
