package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// signals returns a context that the first Ctrl-C or SIGTERM cancels and a channel that the second one closes. A third
// one ends the process on the spot; the ledger still knows what is left.
func signals(parent context.Context, w io.Writer) (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	aborted := make(chan struct{})
	received := make(chan os.Signal, 3)
	done := make(chan struct{})
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
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
	return ctx, aborted, func() {
		signal.Stop(received)
		close(done)
		cancel()
	}
}
