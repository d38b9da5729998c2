package mistakes

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

var update = flag.Bool("update", false, "rewrite the expected files")

// registry returns all step kinds of the program. No cluster is reached.
func registry(tb testing.TB) *step.Registry {
	tb.Helper()
	env := kube.NewEnv(kube.Options{})
	tb.Cleanup(env.Close)
	return builtin.New(env)
}

func loader(tb testing.TB) *scenario.Loader {
	tb.Helper()
	l, err := scenario.NewLoader(registry(tb), scenario.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// leastBroken is how many broken files there are at least.
const leastBroken = 150

// TestBrokenFiles compares what is said of every file below testdata/broken with the .want file beside it: each message
// word for word, each place to the column.
func TestBrokenFiles(t *testing.T) {
	t.Chdir("testdata/broken") // messages name files as an author does who stands there
	files := find(t, ".", ".scenario.yaml")
	if len(files) < leastBroken {
		t.Errorf("%d broken files, want %d or more", len(files), leastBroken)
	}
	l := loader(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".scenario.yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, diags := l.Load(file, data)
			if s != nil || !diags.HasErrors() {
				t.Error("the file loads")
			}
			inside(t, data, diags)
			golden(t, strings.TrimSuffix(file, ".scenario.yaml")+".want", printed(t, diags, data))
		})
	}
	orphans(t)
}

// find returns the files below a folder whose names end so, sorted.
func find(tb testing.TB, root, suffix string) []string {
	tb.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, suffix) {
			files = append(files, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// printed writes diagnostics as the command line does.
func printed(tb testing.TB, diags diag.List, data []byte) string {
	tb.Helper()
	var b bytes.Buffer
	p := diag.Printer{Source: func(string) []byte { return data }}
	if err := p.Print(&b, diags); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// inside reports diagnostics whose place is no place of the file.
func inside(tb testing.TB, data []byte, diags diag.List) {
	tb.Helper()
	lines := strings.Split(string(data), "\n")
	for _, d := range diags {
		start, end := d.Range.Start, d.Range.End
		if start.Line < 1 || start.Line > len(lines) || start.Column < 1 || start.Column > len([]rune(lines[start.Line-1]))+1 {
			tb.Errorf("%v starts outside of the file", d)
		}
		if end.Line < start.Line || end.Line == start.Line && end.Column <= start.Column {
			tb.Errorf("%v ends at %s, which is not after its start", d, end)
		}
		if d.Check == "" {
			tb.Errorf("%v names no check", d)
		}
	}
}

// orphans reports expected files whose broken file is gone.
func orphans(t *testing.T) {
	t.Helper()
	for _, want := range find(t, ".", ".want") {
		if _, err := os.Stat(strings.TrimSuffix(want, ".want") + ".scenario.yaml"); err != nil {
			t.Errorf("%s belongs to no file", want)
		}
	}
}

func golden(tb testing.TB, file, got string) {
	tb.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		tb.Errorf("run with -update when this is right:\n%s", d)
	}
}
