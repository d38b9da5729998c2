//go:build !linux

package supervise

import "syscall"

// setDeathSignal does nothing where the kernel has no such signal; the lifeline does its work.
func setDeathSignal(*syscall.SysProcAttr) {}
