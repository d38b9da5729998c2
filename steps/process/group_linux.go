package process

import "syscall"

// attributes puts the program into a group of its own and has the kernel end it when the runner dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
