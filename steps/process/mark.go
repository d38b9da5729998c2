package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// markVariable is the environment variable by which a program, and everything that it starts, is found again. Process
// ids can't do that: they are known only after the start, when it is too late for the ledger, and they are reused.
const markVariable = "SCENARIO_PROCESS"

// Started is the ledger data of a program that is about to be started.
type Started struct {
	Mark    string `json:"mark"`
	Program string `json:"program"`
}

// NewMark returns a mark that no other process has.
func NewMark() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	return hex.EncodeToString(b[:])
}

const (
	askFor     = 2 * time.Second // how long a program has to end by itself when it is found by its mark
	forceFor   = 5 * time.Second // how long a killed program may take to disappear
	lookAgain  = 20 * time.Millisecond
	shownFound = 5
)

// Undo returns the undo that ends whatever a program has left: after a killed runner, or programs that left their group.
func Undo(name string) step.Undo {
	return step.DefineUndo(name,
		func(s Started) string { return "end " + s.Program },
		func(_ context.Context, s Started) error {
			ask, _ := terminate()
			_, err := signalMarked(s.Mark, ask)
			return err
		},
		waitMarked,
	)
}

// waitMarked waits until no process with the mark is left, and kills those that take too long.
func waitMarked(ctx context.Context, s Started) error {
	_, force := terminate()
	start, killed := time.Now(), false
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		left, err := marked(s.Mark)
		if err != nil || len(left) == 0 {
			return err
		}
		release(left)
		switch age := time.Since(start); {
		case age > askFor+forceFor:
			return fmt.Errorf("%s still runs although it was killed, as process %s", s.Program, numbers(left))
		case age > askFor && !killed:
			if _, err := signalMarked(s.Mark, force); err != nil {
				return err
			}
			killed = true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// signalMarked signals every process with the mark and returns how many there were.
func signalMarked(mark string, s Signal) (int, error) {
	found, err := marked(mark)
	if err != nil {
		return 0, err
	}
	defer release(found)
	for _, p := range found {
		if err := send(p, s); err != nil {
			return len(found), fmt.Errorf("process %d could not be ended: %w", p.Pid, err)
		}
	}
	return len(found), nil
}

func release(processes []*os.Process) {
	for _, p := range processes {
		_ = p.Release()
	}
}

func numbers(processes []*os.Process) string {
	var list []string
	for _, p := range processes[:min(len(processes), shownFound)] {
		list = append(list, fmt.Sprint(p.Pid))
	}
	return strings.Join(list, ", ")
}

// SignalNamed returns the signal of a name such as SIGINT; "INT" will do as well.
func SignalNamed(name string) (Signal, error) {
	full := strings.ToUpper(name)
	if !strings.HasPrefix(full, "SIG") {
		full = "SIG" + full
	}
	known := signals()
	if s, ok := known[full]; ok {
		return s, nil
	}
	names := slices.Sorted(maps.Keys(known))
	return 0, fmt.Errorf("no signal is called %q%s", name, diag.DidYouMean(full, names))
}
