package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// signals returns a context that the first Ctrl-C, SIGTERM or end of the terminal cancels and a channel that the second
// one closes. A third one ends the process on the spot; the ledger still knows what is left. Meanwhile a reader of our
// output that goes away, as head does, is an error of writing and not our end.
func signals(parent context.Context, w io.Writer) (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	aborted := make(chan struct{})
	received := make(chan os.Signal, 3)
	done := make(chan struct{})
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(received, syscall.SIGHUP)
	}
	// Nobody reads it, and it stays until the end, when an error may still be printed. Ignoring the signal instead would be
	// inherited by the programs that we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-received:
			}
			switch n {
			case 1:
				fmt.Fprintln(w, "\ninterrupted: stopping and cleaning up; interrupt again to leave things as they are")
				cancel()
			case 2:
				fmt.Fprintln(w, "\ninterrupted again: leaving things as they are")
				close(aborted)
			default:
				os.Exit(exitInterrupted)
			}
		}
	}()
	// What comes after stop is caught still and read by nobody: all is cleaned up and said, and a late signal must not turn
	// the code of a run that has its verdict into a death.
	return ctx, aborted, func() {
		close(done)
		cancel()
	}
}
