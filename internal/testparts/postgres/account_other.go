//go:build unix && !linux

package postgres

import "syscall"

// attributes make a process run as the account.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		attributes.Credential = &syscall.Credential{Uid: a.user, Gid: a.group}
	}
	return attributes
}
