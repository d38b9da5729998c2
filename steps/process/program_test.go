package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder returns a scenario folder with a program, and one outside it that a link points to.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scenarios")
	outside := filepath.Join(filepath.Dir(dir), "outside")
	for _, d := range []string{filepath.Join(dir, "bin"), outside} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "tool"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestProgram(t *testing.T) {
	dir := folder(t)
	t.Setenv("PATH", filepath.Join(filepath.Dir(dir), "outside"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"tool":              filepath.Join(filepath.Dir(dir), "outside", "tool"), // on PATH
		"bin/tool":          filepath.Join(dir, "bin", "tool"),
		"./bin/tool":        filepath.Join(dir, "bin", "tool"),
		"/abs/tool":         "/abs/tool",
		filepath.Base(self): self, // beside the runner
	} {
		got, err := Program(name, dir)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestProgramThatCantBeUsed(t *testing.T) {
	dir := folder(t)
	const outside = " is outside the scenario's folder; name it without a folder and put it on PATH or beside scenario-runner, or give its absolute path"
	for name, want := range map[string]string{
		"../outside/tool": `program "../outside/tool"` + outside,
		"link/tool":       `program "link/tool"` + outside,
		"bin/none":        `program "bin/none": there is no such file in the scenario's folder`,
		"no-such-program": `program "no-such-program" was found neither on PATH nor beside scenario-runner`,
	} {
		if got, err := Program(name, dir); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %q, %v\nwant %s", name, got, err, want)
		}
	}
	const wantDir = `dir "../outside": is outside the scenario's folder; paths in a scenario stay inside it`
	if _, err := Dir("../outside", dir); err == nil || err.Error() != wantDir {
		t.Errorf("got %v, want %s", err, wantDir)
	}
}

func TestEnvironmentKeepsTheRunnersOwnOut(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	t.Setenv("HOME", "/home/qa")
	t.Setenv("PATH", "/bin")
	env := Environment([]string{"KUBECONFIG=/k", "A=extra"}, map[string]string{"A": "given", "B": "x=y"})
	if !slices.IsSorted(env) {
		t.Errorf("not sorted: %q", env)
	}
	for _, want := range []string{"HOME=/home/qa", "KUBECONFIG=/k", "A=given", "B=x=y"} {
		if !slices.Contains(env, want) {
			t.Errorf("%q is missing from %q", want, env)
		}
	}
	for _, e := range env {
		if strings.HasPrefix(e, "GITHUB_TOKEN=") {
			t.Errorf("the runner's token is passed on: %q", e)
		}
		if rest, ok := strings.CutPrefix(e, "PATH="); ok && !strings.HasPrefix(rest, "/bin:/") {
			t.Errorf("PATH is %q, want /bin and then the runner's folder", rest)
		}
	}
}
