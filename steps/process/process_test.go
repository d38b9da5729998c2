//go:build unix

package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runnerVariable makes the test binary play a runner that is killed.
const runnerVariable = "TEST_PLAY_RUNNER"

func TestMain(m *testing.M) {
	if mark := os.Getenv(runnerVariable); mark != "" {
		playRunner(mark)
		return
	}
	os.Exit(m.Run())
}

// playRunner starts a program that starts another one in a session of its own, and waits to be killed.
func playRunner(mark string) {
	c := shell("setsid sleep 300 & echo $$ $!; exec sleep 300")
	c.Mark, c.Stdout = mark, os.Stdout
	p, err := Start(c)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	<-p.Done()
}

func shell(script string) Command {
	return Command{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: Environment(nil, nil), Mark: NewMark()}
}

func mustStart(t *testing.T, c Command) *Process {
	t.Helper()
	p, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestExit(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":                   "exited with code 0",
		"exit 3":                   "exited with code 3",
		"kill -9 $$":               "was ended by the signal SIGKILL",
		"sleep 300 & echo started": "exited with code 0", // what is left behind keeps the pipe open
	} {
		var out bytes.Buffer
		c := shell(script)
		c.Stdout = &out
		start := time.Now()
		p := mustStart(t, c)
		<-p.Done()
		if got := p.Exit().String(); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %s", script, d)
		}
		gone := func() bool {
			left, err := marked(c.Mark)
			return err == nil && len(left) == 0
		}
		if !within(t, 5*time.Second, gone) {
			t.Errorf("%s: a process is left", script)
		}
	}
}

func TestStartErrors(t *testing.T) {
	for path, want := range map[string]string{
		"/no/such/program": "program could not be started: no such file or directory",
		"/etc/passwd":      "passwd could not be started: permission denied",
	} {
		if _, err := Start(Command{Path: path, Args: []string{path}}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		killed bool
		want   string
	}{
		"asked":   {"trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", false, "exited with code 7"},
		"ignores": {"trap '' TERM; echo ready; while :; do sleep 0.01; done", true, "was ended by the signal SIGKILL"},
	} {
		t.Run(name, func(t *testing.T) {
			ready := make(chan struct{})
			command := shell(c.script)
			command.Stdout = NewOutput(100, func(string) { close(ready) })
			p := mustStart(t, command)
			<-ready
			if killed := p.Stop(t.Context(), syscall.SIGTERM, 300*time.Millisecond); killed != c.killed {
				t.Errorf("killed: %t, want %t", killed, c.killed)
			}
			if got := p.Exit().String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if p.Stop(t.Context(), syscall.SIGTERM, 0) {
				t.Error("stopping it again killed something")
			}
		})
	}
}

func TestStopIsQuickWhenTheContextIsDone(t *testing.T) {
	p := mustStart(t, shell("trap '' TERM; while :; do sleep 0.01; done"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	p.Stop(ctx, syscall.SIGTERM, time.Hour)
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestNothingSurvivesAKilledRunner kills -9 a runner: its program dies with it, what left the group is ended by the undo.
func TestNothingSurvivesAKilledRunner(t *testing.T) {
	mark := NewMark()
	runner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	runner.Env = append(os.Environ(), runnerVariable+"="+mark)
	out, err := runner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var leader, stray int
	if _, err := fmt.Sscan(line, &leader, &stray); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if !alive(leader) || !alive(stray) {
		t.Fatalf("leader alive: %t, stray alive: %t; want both", alive(leader), alive(stray))
	}
	if err := runner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = runner.Wait()
	if !within(t, 5*time.Second, func() bool { return !alive(leader) }) {
		t.Error("the program survived its runner")
	}
	if !alive(stray) {
		t.Fatal("the program that left the group is gone before the undo, so the test proves nothing")
	}
	undo(t, Started{Mark: mark, Program: "sleep"})
	if alive(stray) {
		t.Error("the undo left a program behind")
	}
}

// TestUndoEndsOnlyWhatIsMarked has a neighbour that must live on.
func TestUndoEndsOnlyWhatIsMarked(t *testing.T) {
	neighbour := mustStart(t, shell("exec sleep 300"))
	stubborn := shell("trap '' TERM; while :; do sleep 0.01; done")
	mine := mustStart(t, stubborn)
	undo(t, Started{Mark: stubborn.Mark, Program: "sh"})
	if !mine.Ended() {
		<-mine.Done()
	}
	if neighbour.Ended() {
		t.Error("another program was ended")
	}
	undo(t, Started{Mark: stubborn.Mark, Program: "sh"}) // twice succeeds
}

func undo(t *testing.T, s Started) {
	t.Helper()
	u := Undo("test.kill")
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Describe(data), "end "+s.Program; got != want {
		t.Errorf("describes itself as %q, want %q", got, want)
	}
	if err := u.Start(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	if err := u.Wait(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, limit time.Duration, holds func() bool) bool {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		if holds() {
			return true
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			return false
		}
	}
}

func TestSignalNamed(t *testing.T) {
	for name, want := range map[string]Signal{"SIGINT": syscall.SIGINT, "term": syscall.SIGTERM, "Quit": syscall.SIGQUIT} {
		if got, err := SignalNamed(name); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	const want = `no signal is called "SIGTRM"; did you mean "SIGTERM"?`
	if _, err := SignalNamed("SIGTRM"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
