package postgres

import "syscall"

// attributes make a process run as the account, and end with this one.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: quit}
	if a.other {
		attributes.Credential = &syscall.Credential{Uid: a.user, Gid: a.group}
	}
	return attributes
}
