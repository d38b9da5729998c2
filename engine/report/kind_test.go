package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

func TestOpenRefusesWhatMakesNoSense(t *testing.T) {
	tests := []struct {
		name    string
		outputs []string
		options Options
		want    string
	}{
		{"typing mistake", []string{"jsno"}, Options{}, `--output "jsno": unknown kind "jsno"; did you mean "json"?`},
		{"unknown", []string{"pdf=x"}, Options{}, `--output "pdf=x": unknown kind "pdf"; choose one of text, json, junit, html, markdown, github, quiet`},
		{"nothing", []string{""}, Options{}, `--output "": unknown kind ""; choose one of text, json, junit, html, markdown, github, quiet`},
		{"no file", []string{"json="}, Options{}, `--output "json=": the file after "=" is missing; write json=FILE, or json alone for standard output`},
		{"two on stdout", []string{"text", "json"}, Options{}, "--output text and --output json both write to standard output; give one of them a file: json=FILE"},
		{"two in one file", []string{"json=x", "junit=x"}, Options{}, `--output json and --output junit both write to "x"; give each a file of its own`},
		{"colour", nil, Options{Color: "yes"}, `color "yes": expected auto, always or never`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Stdout, tt.options.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
			if _, err := Open(tt.outputs, tt.options); err == nil || err.Error() != tt.want {
				t.Errorf("got error %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestTextIsAddedWhenNothingElseIsOnStdout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "report.xml")
	got := rendered(t, wholeRun(), "junit="+file, Options{Source: source})
	want := rendered(t, wholeRun(), "text", Options{Source: source})
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(rendered(t, wholeRun(), "junit", Options{})), string(data)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestFilesAppearComplete(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.txt")
	var out bytes.Buffer
	sink, err := Open([]string{"quiet", "text=" + path}, Options{Stdout: &out, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range wholeRun() {
		sink.Event(e)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file must not exist before the end: %v", err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), "1 passed, 1 flaky") {
		t.Errorf("got %q, %v", data, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v; want the report alone", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
}

func TestFailedOpenLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outputs := []string{"json=" + filepath.Join(dir, "a.json"), "junit=" + filepath.Join(blocked, "b.xml")}
	_, err := Open(outputs, Options{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err == nil || !strings.HasPrefix(err.Error(), "--output junit: ") {
		t.Errorf("got error %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v; want no part of a report", entries, err)
	}
}

type brokenWriter struct{ problem error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.problem }

func TestBrokenStandardOutputIsReported(t *testing.T) {
	full := errors.New("no space left on device")
	for _, output := range []string{"text", "quiet", "json", "junit"} {
		err := Render(&journal.Journal{Events: wholeRun()}, []string{output}, Options{Stdout: brokenWriter{full}})
		if !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", output, err, full)
		}
	}
}

func TestColour(t *testing.T) {
	tests := []struct {
		name        string
		color       Color
		environment []string
		want        bool
	}{
		{"no terminal", Auto, []string{"TERM=xterm-256color"}, false},
		{"default is auto", "", []string{"TERM=xterm-256color"}, false},
		{"forced by the environment", Auto, []string{"TERM=xterm", "CLICOLOR_FORCE=1"}, true},
		{"NO_COLOR wins over forced", Auto, []string{"TERM=xterm", "CLICOLOR_FORCE=1", "NO_COLOR=yes"}, false},
		{"the flag wins over NO_COLOR", Always, []string{"NO_COLOR=1"}, true},
		{"the flag wins over forced", Never, []string{"TERM=xterm", "CLICOLOR_FORCE=1"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Color: tt.color, Environment: tt.environment}
			if got := o.paintFor(&bytes.Buffer{}).on; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTerminalIsRecognised(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	o := Options{Stderr: null, Environment: []string{"TERM=xterm"}}
	if _, _, ok := o.terminal(); ok {
		t.Error("a file that is no terminal was taken for one")
	}
	o.Stderr = &bytes.Buffer{}
	if _, _, ok := o.terminal(); ok {
		t.Error("a buffer was taken for a terminal")
	}
}
