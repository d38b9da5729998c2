package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/scenario-runner/scenario-runner/engine/check"
)

var update = flag.Bool("update", false, "rewrite docs/checks.md")

// withoutExample lists the checks that no file can show.
func withoutExample() []string {
	return []string{
		"schema",                         // it would be a gap between the schema and the other checks, and none is known
		"missing-kind", "server-refuses", // they need a cluster that is asked
	}
}

// TestChecksPage compares docs/checks.md with the table of checks and with what the program prints about the example of
// each: a file in testdata/checks, with the command in front of it when that is not validate.
func TestChecksPage(t *testing.T) {
	const page = "../../docs/checks.md"
	var got bytes.Buffer
	if err := check.Markdown(&got, func(name string) (string, error) { return checkExample(t, name) }); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("run make generate when this is right:\n%s", d)
	}
}

func TestEveryExampleIsOfACheck(t *testing.T) {
	files, err := filepath.Glob("testdata/checks/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".txtar"); !slices.Contains(check.Names(), name) {
			t.Errorf("%s: no check is called %q", f, name)
		}
	}
}

func checkExample(t *testing.T, name string) (string, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/checks", name+".txtar"))
	if errors.Is(err, fs.ErrNotExist) && slices.Contains(withoutExample(), name) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the check %s has no example: %w", name, err)
	}
	archive := txtar.Parse(data)
	args := strings.Fields(string(archive.Comment))
	if len(args) == 0 {
		args = []string{"validate", archive.Files[0].Name}
	}
	output := printed(t, archive, args)
	if !strings.Contains(output, "["+name+"]") {
		return "", fmt.Errorf("the example of %s shows something else:\n%s", name, output)
	}
	var b strings.Builder
	for i, f := range archive.Files {
		if len(archive.Files) > 1 {
			fmt.Fprintf(&b, "`%s`:\n\n", f.Name)
		}
		if i == maxShown {
			fmt.Fprintf(&b, "and so on, up to `%s`.\n\n", archive.Files[len(archive.Files)-1].Name)
			break
		}
		fmt.Fprintf(&b, "```yaml\n%s```\n\n", f.Data)
	}
	fmt.Fprintf(&b, "```\n$ scenario-runner %s\n%s\n```\n", strings.Join(args, " "), strings.TrimSpace(output))
	return b.String(), nil
}

// maxShown is how many files of an example are shown.
const maxShown = 3

// printed runs the program in a folder with the files of an example and returns what it prints.
func printed(t *testing.T, archive *txtar.Archive, args []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Chdir(before); err != nil {
			t.Fatal(err)
		}
	}()
	var out bytes.Buffer
	execute(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &out})
	return out.String()
}
