//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// isolate puts a child into a process group of its own, so that a Ctrl-C in the terminal does not reach it.
func isolate(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// runForwardingSignals runs a child in the foreground and hands it the signals that we get.
func runForwardingSignals(c *exec.Cmd) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := c.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt { // the terminal sends Ctrl-C to the child as well
				_ = c.Process.Signal(s)
			}
		case err := <-done:
			return err
		}
	}
}
