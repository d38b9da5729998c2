// Package examples_test proves that what is shipped to learn from and to use is right: every file loads without a
// remark and passes on a real API server, and the files that are wrong on purpose say what is wrong with them.
package examples_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	suffix      = ".scenario.yaml"
	failing     = "failing/remediation-is-too-small.scenario.yaml"
	broken      = "testdata/broken.scenario.yaml"
	brokenWant  = "testdata/broken.want"
	firstLines  = 14 // the modeline is for editors and does not count
	storyLines  = 60
	fewExamples = 10
	fewStories  = 7
)

var update = flag.Bool("update", false, "write the expected outputs anew")

// project is what scenario-runner.yaml of this repository says to the loader.
func project() scenario.Options {
	return scenario.Options{Root: "..", Library: []string{"../scenarios/library"}}
}

// servers stand for the Prometheus, the Alertmanager and the database that run --sandbox brings.
func servers() settings.Settings {
	return settings.Settings{
		Prometheus: &settings.Endpoint{}, Alertmanager: &settings.Endpoint{},
		Connections: map[string]settings.Connection{"history": {Name: "history", Type: settings.Postgres, Host: "127.0.0.1", Database: "history", User: "qa"}},
	}
}

// shipped returns the examples and the stories, as paths from this folder.
func shipped(t *testing.T) (examples, stories []string) {
	t.Helper()
	examples, err := filepath.Glob("*" + suffix)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("../scenarios", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, suffix) {
			stories = append(stories, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < fewExamples || len(stories) < fewStories {
		t.Fatalf("found %d examples and %d stories, want at least %d and %d", len(examples), len(stories), fewExamples, fewStories)
	}
	return examples, stories
}

// TestShippedFilesLoad checks every file as validate does: no mistake and no warning.
func TestShippedFilesLoad(t *testing.T) {
	examples, stories := shipped(t)
	inputs, err := engine.Find(append(append(examples, stories...), failing))
	if err != nil {
		t.Fatal(err)
	}
	env := kube.NewEnv(kube.Options{Settings: servers()})
	t.Cleanup(env.Close)
	loaded, err := engine.Load(t.Context(), builtin.New(env), inputs, project())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range loaded.Diagnostics {
		t.Error(d)
	}
	files := map[string]bool{}
	for _, s := range loaded.Scenarios { // several cases of a matrix stand in one file
		files[s.File.Name] = true
	}
	if len(files) != len(inputs) {
		t.Errorf("%d of %d files were loaded", len(files), len(inputs))
	}
}

// TestStoriesAreLabelled keeps selections such as --label priority=critical useful.
func TestStoriesAreLabelled(t *testing.T) {
	_, stories := shipped(t)
	inputs, err := engine.Find(stories)
	if err != nil {
		t.Fatal(err)
	}
	env := kube.NewEnv(kube.Options{Settings: servers()})
	t.Cleanup(env.Close)
	loaded, err := engine.Load(t.Context(), builtin.New(env), inputs, project())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range loaded.Scenarios {
		// A story that is told twice, for simulated and for real pods, has its folder before its name.
		name, folder := strings.TrimSuffix(filepath.Base(s.Key), suffix), filepath.Base(filepath.Dir(s.Key))
		if s.Name != name && s.Name != folder+"-"+name {
			t.Errorf("%s is called %q, want the name of its file", s.Key, s.Name)
		}
		for _, label := range []string{"area", "priority", "requirement"} {
			if s.Labels[label] == "" {
				t.Errorf("%s has no label %q", s.Key, label)
			}
		}
	}
}

// TestShippedFilesAreShort holds the promise that a scenario is read in a minute, and that each file helps its editor.
func TestShippedFilesAreShort(t *testing.T) {
	examples, stories := shipped(t)
	modeline := regexp.MustCompile(`^# yaml-language-server: \$schema=((?:\.\./)+schema/scenario\.schema\.json)\n`)
	for _, path := range append(append(examples, stories...), failing, broken) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		match := modeline.FindSubmatch(text)
		if match == nil {
			t.Errorf("%s does not start with the line that tells editors its schema", path)
			continue
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(match[1]))); err != nil {
			t.Errorf("%s names a schema that is not there: %v", path, err)
		}
		lines := bytes.Count(text, []byte("\n"))
		switch {
		case path == examples[0] && lines-1 > firstLines:
			t.Errorf("%s has %d lines beside the first, want at most %d", path, lines-1, firstLines)
		case strings.HasPrefix(path, "..") && lines > storyLines:
			t.Errorf("%s has %d lines, want at most %d", path, lines, storyLines)
		}
	}
}

// TestStoriesNeedNoScriptsAndNoPauses keeps the stories honest: what can be observed is waited for.
func TestStoriesNeedNoScriptsAndNoPauses(t *testing.T) {
	_, stories := shipped(t)
	shortcut := regexp.MustCompile(`(?m)^[ -]*(run|sleep):`)
	for _, path := range stories {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if found := shortcut.Find(text); found != nil {
			t.Errorf("%s uses %q", path, strings.Trim(string(found), " -:"))
		}
	}
}

// TestEveryFileIsInTheTable compares the tables for readers with the folders.
func TestEveryFileIsInTheTable(t *testing.T) {
	examples, stories := shipped(t)
	for readme, files := range map[string][]string{"README.md": append(examples, failing, broken), "../scenarios/README.md": stories} {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name, err := filepath.Rel(filepath.Dir(readme), path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "]("+filepath.ToSlash(name)+")") {
				t.Errorf("%s has no link to %s", readme, name)
			}
		}
	}
}

// runner runs the built program and returns what it printed and its exit code.
func runner(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	binary, err := kubetest.Binary("scenario-runner")
	if err != nil {
		t.Fatal(err)
	}
	for _, sut := range []string{"remediator", "pipeline", "gateway"} { // the stories start them
		if _, err := kubetest.Binary(sut); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), binary, args...)
	command.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir(), "NO_COLOR=1")
	printed, err := command.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed:
		return string(printed), exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return string(printed), 0
}

// TestBrokenFile shows an author's usual mistakes and what is said about them.
func TestBrokenFile(t *testing.T) {
	output, code := runner(t, "validate", broken)
	if code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if *update {
		if err := os.WriteFile(brokenWant, []byte(output), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(brokenWant)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), output); diff != "" {
		t.Errorf("validate %s printed something else (-want +got); run with -update if that is right:\n%s", broken, diff)
	}
}

// TestExamplesAndStoriesPass runs everything together, as a reader would: all but what needs more than a cluster with
// simulated pods, as the label needs says, or real pods. A story that passes only when it is run again is shown as flaky.
func TestExamplesAndStoriesPass(t *testing.T) {
	examples, stories := shipped(t)
	all := slices.DeleteFunc(append(examples, stories...), func(path string) bool {
		return needs(t, path) != "" || strings.Contains(path, "/real/")
	})
	args := append([]string{"run", "--kubeconfig", kubetest.Kubeconfig(t), "--timeout", "8m", "--retries", "1", "--parallel", "8"}, all...)
	if output, code := runner(t, args...); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, output)
	}
}

// TestStoriesWithServersPass runs the stories for which run --sandbox brings more than a cluster: Prometheus, Alertmanager, a
// database, a second cluster.
func TestStoriesWithServersPass(t *testing.T) {
	examples, stories := shipped(t)
	all := slices.DeleteFunc(append(examples, stories...), func(path string) bool {
		return !slices.Contains([]string{"alertmanager", "prometheus", "database", "clusters"}, needs(t, path))
	})
	if len(all) == 0 {
		t.Fatal("no story needs a server")
	}
	if output, code := runner(t, append([]string{"run", "--sandbox", "--timeout", "8m", "--retries", "1", "--parallel", "4"}, all...)...); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, output)
	}
}

var needsLabel = regexp.MustCompile(`(?m)^  labels: \{.*\bneeds: ([a-z-]+)`)

// needs returns what a story needs beside a cluster with simulated pods, as its label says.
func needs(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if found := needsLabel.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// TestFailingExampleExplainsItself wants the cause on the last screen: from the object down to the container and its last
// words.
func TestFailingExampleExplainsItself(t *testing.T) {
	output, code := runner(t, "run", "--kubeconfig", kubetest.Kubeconfig(t), failing)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	last := 0
	for _, want := range []string{
		`✗ remediation-is-too-small  failed`,
		failing + `:\d+:5: timed out after 5s waiting until deployment/report-builder is ready`,
		`Deployment report-builder: `,
		`ReplicaSet report-builder-[0-9a-z]+: `,
		`report-builder-[0-9a-z]+-[0-9a-z]+\)?: Running, not ready`,
		`container app .*OOMKilled, exit code 137`,
		`last log line.*: fatal: out of memory while sorting orders`,
		`skipped because of step6: step7`,
		`run it again: scenario-runner run --kubeconfig=\S+ ` + failing,
		`1 failed in `,
	} {
		at := regexp.MustCompile(want).FindStringIndex(output[last:])
		if at == nil {
			t.Fatalf("the output has no %q after the first %d bytes:\n%s", want, last, output)
		}
		last += at[0]
	}
}
