package campaign

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// events reads what the only run of a user has journaled so far.
func (u *user) events() []journal.Event {
	runs, err := journal.Store{Root: filepath.Join(u.home, "state", "scenario-runner", "runs")}.List()
	if err != nil || len(runs) == 0 {
		return nil
	}
	j, err := journal.Read(runs[0].Dir)
	if err != nil {
		return nil
	}
	return j.Events
}

// until looks at the journal again and again until an event satisfies is.
func (u *user) until(what string, output *bytes.Buffer, is func(journal.Event) bool) {
	u.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		for _, e := range u.events() {
			if is(e) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			u.t.Fatalf("%s: not within a minute\n%s", what, output)
		}
	}
}

func started(id string) func(journal.Event) bool {
	return func(e journal.Event) bool { return e.Kind == journal.StepStarted && e.Step == id }
}

// scenario writes a scenario in the namespace of the shop.
func (s *shop) scenario(t testing.TB, rest string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "one.scenario.yaml")
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: one, namespace: " + s.space() + "}\n" + rest
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const changesAndWaits = `steps:
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
  - scale: {object: deployment/web, replicas: 3, waitReady: false}
  - patch: {object: configmap/settings, patch: {data: {mode: "off"}}}
  - id: stuck
    waitFor: {object: configmap/never, until: object != nil, timeout: TIME}
finally:
  - id: last
    sleep: PAUSE
  - patch: {object: configmap/config, patch: {data: {mode: "final"}}}
`

func waits(limit, pause string) string {
	return strings.NewReplacer("TIME", limit, "PAUSE", pause).Replace(changesAndWaits)
}

func TestSignalsCleanUp(t *testing.T) {
	s := newShop(t)
	before := s.everything(t)
	cases := map[string]struct {
		signal os.Signal
		when   func(journal.Event) bool
		limit  string
	}{
		"Ctrl-C while a step waits":  {os.Interrupt, started("stuck"), "5m"},
		"SIGTERM while a step waits": {syscall.SIGTERM, started("stuck"), "5m"},
		"the terminal is closed":     {syscall.SIGHUP, started("stuck"), "5m"},
		"Ctrl-C in finally":          {os.Interrupt, started("last"), "100ms"},
		"Ctrl-C in the clean-up": {os.Interrupt, func(e journal.Event) bool {
			return e.Kind == journal.ScenarioFinished || e.Kind == journal.UndoFinished
		}, "100ms"},
		"Ctrl-C at the start": {os.Interrupt, func(e journal.Event) bool { return e.Kind == journal.RunStarted }, "5m"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := newUser(t)
			run, output := u.command("run", "--kubeconfig", s.kubeconfig, s.scenario(t, waits(c.limit, "300ms")))
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			u.until("the moment of the signal", output, c.when)
			_ = run.Process.Signal(c.signal)
			_ = run.Wait()
			// When the signal comes last of all, the run has its own code already.
			if code := run.ProcessState.ExitCode(); code != 130 && (code != 1 || !strings.Contains(name, "clean-up")) {
				t.Errorf("exit code %d\n%s", code, output)
			}
			if d := gocmp.Diff(before, s.everything(t)); d != "" {
				t.Errorf("not as before:\n%s\n%s", d, output)
			}
		})
	}
}

func TestReaderThatGoesAwayLeavesNothing(t *testing.T) {
	s := newShop(t)
	before := s.everything(t)
	for _, kind := range []string{"text", "json"} {
		u := newUser(t)
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		run, _ := u.command("run", "--verbose", "--output", kind, "--kubeconfig", s.kubeconfig, s.scenario(t, waits("1s", "10ms")))
		run.Stdout, run.Stderr = writer, writer
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		_ = writer.Close()
		_, _ = io.CopyN(io.Discard, reader, 1) // as head -1 would
		_ = reader.Close()
		_ = run.Wait()
		if code := run.ProcessState.ExitCode(); code != 1 && code != 2 {
			t.Errorf("%s: exit code %d, %s", kind, code, run.ProcessState)
		}
		if d := gocmp.Diff(before, s.everything(t)); d != "" {
			t.Errorf("%s: not as before:\n%s", kind, d)
		}
	}
}

func TestFullDiskStopsTheRunBeforeAChangeThatCanNotBeRecorded(t *testing.T) {
	s := newShop(t)
	before := s.everything(t)
	var steps strings.Builder
	steps.WriteString("steps:\n")
	for range 60 {
		steps.WriteString("  - patch: {object: configmap/settings, patch: {data: {mode: \"off\", more: \"" + strings.Repeat("x", 300) + "\"}}}\n")
	}
	steps.WriteString("  - assert: {given: {s: configmap/settings}, that: s.data.mode == \"off\"}\n")
	file := s.scenario(t, steps.String())
	for _, blocks := range []string{"8", "40", "90"} {
		u := newUser(t)
		run, output := u.command("run", "--kubeconfig", s.kubeconfig, file)
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Fatal(err)
		}
		run.Args = append([]string{shell, "-c", `ulimit -f ` + blocks + `; exec "$@"`, "sh"}, run.Args...)
		run.Path = shell
		_ = run.Run()
		if code := run.ProcessState.ExitCode(); code != 2 || !strings.Contains(output.String(), "the journal can't be written") {
			t.Errorf("%s blocks: exit code %d, %s\n%s", blocks, code, run.ProcessState, tailOf(output.String()))
		}
		if d := gocmp.Diff(before, s.everything(t)); d != "" {
			t.Errorf("%s blocks: not as before:\n%s\n%s", blocks, d, tailOf(output.String()))
			clean, _ := u.command("cleanup", "--all")
			_ = clean.Run()
		}
	}
}

func tailOf(text string) string { return text[max(0, len(text)-3000):] }

func TestHomeThatCanNotBeWritten(t *testing.T) {
	s := newShop(t)
	before := s.everything(t)
	u := newUser(t)
	run, output := u.command("run", "--kubeconfig", s.kubeconfig, s.scenario(t, waits("100ms", "10ms")))
	run.Env = append(run.Env, "HOME="+os.DevNull, "XDG_STATE_HOME=", "XDG_CACHE_HOME=")
	_ = run.Run()
	want := "scenario-runner: open /dev/null/.local/state/scenario-runner/runs: not a directory"
	if code := run.ProcessState.ExitCode(); code != 2 || strings.TrimSpace(output.String()) != want {
		t.Errorf("no place for the journal: exit code %d\n%s", code, output)
	}
	if d := gocmp.Diff(before, s.everything(t)); d != "" {
		t.Errorf("no place for the journal, yet something was changed:\n%s", d)
	}
	run, output = u.command("run", "--kubeconfig", s.kubeconfig, s.scenario(t, waits("100ms", "10ms")))
	run.Env = append(run.Env, "HOME="+os.DevNull, "XDG_CACHE_HOME=")
	_ = run.Run()
	if code := run.ProcessState.ExitCode(); code != 1 {
		t.Errorf("only the cache has no place: exit code %d\n%s", code, output)
	}
}

// processes finds the processes that have the home of the user in their environment.
func (u *user) processes() []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("HOME="+u.home)) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return found
}

func TestSandboxOfARunGoesWithIt(t *testing.T) {
	binary, err := kubetest.Binary("scenario-runner-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "own.scenario.yaml")
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: own}\nsteps:\n" +
		"  - deploy:\n      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}}\n  - id: stuck\n    waitFor: {object: configmap/never, until: object != nil, timeout: 5m}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		signal os.Signal
		early  bool
		code   int
		killed bool
	}{
		"Ctrl-C while it starts": {os.Interrupt, true, 130, false},
		"SIGTERM in a run":       {syscall.SIGTERM, false, 130, false},
		"killed":                 {os.Kill, false, -1, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := newUser(t)
			run, output := u.command("run", "--sandbox", "--sandbox-binary", binary, path)
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			if c.early {
				u.wait("the sandbox is starting", func() bool { return len(u.processes()) >= 3 })
			} else {
				u.until("the run", output, started("stuck"))
			}
			_ = run.Process.Signal(c.signal)
			_ = run.Wait()
			if code := run.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, output)
			}
			u.wait("no process is left", func() bool { return len(u.processes()) == 0 })
			clean, said := u.command("cleanup", "--all")
			_ = clean.Run()
			told := !c.killed || strings.Contains(said.String(), "its sandbox is gone, and 1 change with it")
			if code := clean.ProcessState.ExitCode(); code != 0 || !told {
				t.Errorf("cleanup after it: exit code %d\n%s", code, said)
			}
			again, said := u.command("cleanup", "--all")
			if err := again.Run(); err != nil || !strings.Contains(said.String(), "nothing was left behind") {
				t.Errorf("a second cleanup: %v\n%s", err, said)
			}
		})
	}
}

// wait looks again and again until done, for at most half a minute.
func (u *user) wait(what string, done func() bool) {
	u.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			u.t.Fatalf("%s: not within half a minute; processes: %q", what, u.processes())
		}
	}
}
