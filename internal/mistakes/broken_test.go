package mistakes

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/report"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

var update = flag.Bool("update", false, "rewrite the expected files")

// sandbox stands for the one that a run may have: a file that needs its Prometheus is no mistake by itself.
type sandbox struct{}

// Start refuses, since nothing is run here.
func (sandbox) Start(context.Context, settings.Server) (*settings.Endpoint, error) {
	return nil, errors.New("nothing is run here")
}

// Database refuses as well.
func (sandbox) Database(context.Context) (settings.Connection, error) {
	return settings.Connection{}, errors.New("nothing is run here")
}

// registry returns all step kinds of the program. No cluster is reached.
func registry(tb testing.TB, crds ...string) *step.Registry {
	tb.Helper()
	env := kube.NewEnv(kube.Options{CRDs: crds, Settings: settings.Settings{Addons: sandbox{}}})
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
// word for word, each place to the column. Files in folders called parts belong to others.
func TestBrokenFiles(t *testing.T) {
	t.Chdir("testdata/broken") // messages name files as an author does who stands there
	files := slices.DeleteFunc(find(t, ".", ".yaml"), func(file string) bool { return want(file) == "" })
	if len(files) < leastBroken {
		t.Errorf("%d broken files, want %d or more", len(files), leastBroken)
	}
	r := registry(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			said := examine(t, r, file)
			if !said.diags.HasErrors() {
				t.Error("the file loads")
			}
			inside(t, said)
			golden(t, want(file), printed(t, said.diags, said.source))
		})
	}
	orphans(t, files)
}

// broken are the ends of the names of broken files.
var broken = []string{".scenario.yaml", ".template.yaml", ".suite.yaml", ".config.yaml"}

// want returns the name of the file with what is said of a broken file, "" when it is none.
func want(file string) string {
	i := slices.IndexFunc(broken, func(end string) bool { return strings.HasSuffix(file, end) })
	if i < 0 || path.Base(path.Dir(file)) == "parts" {
		return ""
	}
	return strings.TrimSuffix(file, broken[i]) + ".want"
}

// verdict is what is said of a file, and the texts of the files that the messages name.
type verdict struct {
	diags  diag.List
	source func(file string) []byte
}

// examine checks a file as validate does.
func examine(tb testing.TB, r *step.Registry, file string) verdict {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	switch {
	case strings.HasSuffix(file, ".config.yaml"):
		_, diags := config.Load(file, data, config.Options{Kinds: r.Names(), Outputs: report.Kinds()})
		return verdict{diags, func(string) []byte { return data }}
	case strings.HasSuffix(file, ".suite.yaml"):
		loaded, err := suite.Load(tb.Context(), r, file, data, scenario.Options{Root: "."})
		if err != nil {
			tb.Fatal(err)
		}
		return verdict{loaded.Diagnostics, loaded.Source}
	}
	inputs, err := engine.Find([]string{file}, scenario.KindScenario, scenario.KindTemplate)
	if err != nil {
		tb.Fatal(err)
	}
	loaded, err := engine.Check(tb.Context(), r, inputs, scenario.Options{Root: "."})
	if err != nil {
		tb.Fatal(err)
	}
	return verdict{loaded.Diagnostics, loaded.Source}
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
func printed(tb testing.TB, diags diag.List, source func(file string) []byte) string {
	tb.Helper()
	var b bytes.Buffer
	p := diag.Printer{Source: source}
	if err := p.Print(&b, diags); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// inside reports diagnostics whose place is no place of the file.
func inside(tb testing.TB, said verdict) {
	tb.Helper()
	for _, d := range said.diags {
		lines := strings.Split(string(said.source(d.Range.File)), "\n")
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
func orphans(t *testing.T, files []string) {
	t.Helper()
	for _, w := range find(t, ".", ".want") {
		if !slices.ContainsFunc(files, func(file string) bool { return want(file) == w }) {
			t.Errorf("%s belongs to no file", w)
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
