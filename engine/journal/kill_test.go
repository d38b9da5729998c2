package journal

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const childVariable = "JOURNAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := writeForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeForEver is the process to be killed: it tells on stdout which ledger entries are durable.
func writeForEver(dir string) error {
	w, err := Create(dir, Options{})
	if err != nil {
		return err
	}
	padding := strings.Repeat("x", 20_000) // so that the kill often meets it in the middle of a line
	for id := 1; ; id++ {
		e := Event{Kind: UndoRecorded, Scenario: "s", Step: "a", Undo: &UndoInfo{ID: id, Name: "delete"}, Message: padding}
		if err := w.AppendDurable(context.Background(), e); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func TestWhatWasDurableSurvivesAKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childVariable+"="+dir)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	last := 0
	for last < 25 && lines.Scan() {
		if last, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
	}
	if !Live(dir) {
		t.Error("the run must be live while its process exists")
	}
	if _, err := Reopen(dir, Options{}); err == nil {
		t.Error("a live run must not be reopened")
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it said before it died
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		}
	}
	_ = command.Wait()
	if Live(dir) {
		t.Error("the run must be dead once its process was killed")
	}
	checkSurvivors(t, dir, last)
}

func checkSurvivors(t *testing.T, dir string, durable int) {
	t.Helper()
	j, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	open := j.Open()
	if durable < 25 || len(open) < durable {
		t.Fatalf("%d entries were durable, %d were read", durable, len(open))
	}
	if first := open[len(open)-1]; first.ID != 1 || first.Scenario != "s" || first.Step != "a" {
		t.Errorf("oldest entry is %+v", first)
	}
	w, err := Reopen(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, undo := range open {
		if err := w.AppendDurable(t.Context(), Event{Kind: UndoFinished, Scenario: undo.Scenario, Undo: &UndoInfo{ID: undo.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Read(dir); err != nil || len(j.Open()) != 0 || j.Torn {
		t.Errorf("after cleanup: %d open, torn %v, error %v", len(j.Open()), j.Torn, err)
	}
}
