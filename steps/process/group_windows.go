package process

import (
	"errors"
	"os"
	"syscall"
)

// Signal is a signal that asks a program to end. Windows has none: every one of them ends the program at once.
type Signal = syscall.Signal

func signals() map[string]Signal {
	return map[string]Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGKILL": syscall.SIGKILL}
}

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func signalGroup(leader int, _ Signal) { killGroup(leader) }

// killGroup ends the program itself: Windows knows no groups that could be ended as a whole without a job object.
func killGroup(leader int) {
	if p, err := os.FindProcess(leader); err == nil {
		_ = p.Kill()
		_ = p.Release()
	}
}

func signalOf(*os.ProcessState) string { return "" }

func send(p *os.Process, _ Signal) error {
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func terminate() (ask, force Signal) { return syscall.SIGTERM, syscall.SIGKILL }
