package format

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// TestGoldens formats the file `in` of each archive and compares it with `out`, which must stay as it is when it is
// formatted again.
func TestGoldens(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archive in testdata", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Format("in", archive.Files[0].Data, registry())
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("UPDATE_GOLDEN") != "" {
				archive.Files = []txtar.File{archive.Files[0], {Name: "out", Data: got}}
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(archive.Files[1].Data), string(got)); d != "" {
				t.Errorf("-out +got:\n%s", d)
			}
			again, err := Format("out", got, registry())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(got), string(again)); d != "" {
				t.Errorf("formatting twice is not formatting once:\n%s", d)
			}
		})
	}
}

func TestLineEndsStay(t *testing.T) {
	got, err := Format("a", []byte("kind: Scenario\r\napiVersion: a\r\nmetadata:\r\n    name: b"), registry())
	if want := "apiVersion: a\r\nkind: Scenario\r\nmetadata:\r\n  name: b\r\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestWhatIsNoYAMLIsReported(t *testing.T) {
	for _, text := range []string{"a: [b", "steps: []\rkind: a\n", "a: b\u2028c: d\n"} {
		_, err := Format("a.yaml", []byte(text), registry())
		var list diag.List
		if !errors.As(err, &list) || list[0].Check != "yaml-syntax" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestMeaningIsNeverChanged(t *testing.T) {
	for name, text := range map[string]string{
		"a text without a line end that would move": "steps: []\nkind: |\n  a",
	} {
		if _, err := Format("a", []byte(text), registry()); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: %v, want ErrUnsafe", name, err)
		}
	}
}

func TestSameSeesEveryDifference(t *testing.T) {
	const before = "a: 1\nb: {c: 'x'} # note\nd: [1, 2]\n"
	if !same("a", []byte(before), []byte("d: [1, 2]\nb: {c: 'x'} # note\na: 1\n")) {
		t.Error("the order of keys must not matter")
	}
	for _, after := range []string{
		"a: 1\nb: {c: 'x'}\nd: [1, 2]\n",
		"a: 1\nb: {c: x} # note\nd: [1, 2]\n",
		"a: 1\nb: {c: 'x'} # note\nd: [2, 1]\n",
		"a: '1'\nb: {c: 'x'} # note\nd: [1, 2]\n",
		"a: 1\nb: {c: 'x'} # note\n",
		"a: 1\nb: {c: 'x'} # note\nd: [1, 2]\na: 1\n",
	} {
		if same("a", []byte(before), []byte(after)) {
			t.Errorf("%q counts as the same", after)
		}
	}
}

// FuzzFormat finds texts that panic, that are not the same after formatting, or that change when formatted twice.
func FuzzFormat(f *testing.F) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	r := registry()
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := Format("a", data, r)
		if err != nil {
			return
		}
		if !same("a", data, once) {
			t.Errorf("%q became %q", data, once)
		}
		if twice, err := Format("a", once, r); err != nil || string(twice) != string(once) {
			t.Errorf("%q became %q, then %q (%v)", data, once, twice, err)
		}
	})
}

// registry has a plain step and one that holds others.
func registry() *step.Registry {
	type plain struct {
		Any any `yaml:"any" doc:"Anything."`
	}
	type group struct {
		Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"Steps."`
	}
	r := &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[plain, struct{}]{Name: "deploy", Group: step.Story, Doc: "# deploy\n\nDeploys."}),
		step.Define(step.Spec[plain, struct{}]{Name: "assert", Group: step.Story, Doc: "# assert\n\nAsserts.", Judges: true}),
		step.Define(step.Spec[group, struct{}]{Name: "parallel", Group: step.Flow, Doc: "# parallel\n\nTogether."}),
	}}
	return r
}
