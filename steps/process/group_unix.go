//go:build unix

package process

import (
	"errors"
	"os"
	"syscall"
)

// Signal is a signal that asks a program to end.
type Signal = syscall.Signal

// signals are the names that an author can give.
func signals() map[string]Signal {
	return map[string]Signal{
		"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT,
		"SIGHUP": syscall.SIGHUP, "SIGUSR1": syscall.SIGUSR1, "SIGUSR2": syscall.SIGUSR2, "SIGKILL": syscall.SIGKILL,
	}
}

// signalGroup sends a signal to every process of a group. A group that is gone already is what is wanted.
func signalGroup(leader int, s Signal) { _ = syscall.Kill(-leader, s) }

func killGroup(leader int) { signalGroup(leader, syscall.SIGKILL) }

// signalOf names the signal that ended a process, "" when none did.
func signalOf(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return ""
	}
	for name, s := range signals() {
		if s == status.Signal() {
			return name
		}
	}
	return status.Signal().String()
}

// send signals one process. One that has ended already is what is wanted.
func send(p *os.Process, s Signal) error {
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func terminate() (ask, force Signal) { return syscall.SIGTERM, syscall.SIGKILL }
