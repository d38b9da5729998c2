//go:build !linux

package supervise

import "syscall"

// setDeathSignal does nothing where the kernel has no such signal; the lifeline does its work.
func setDeathSignal(*syscall.SysProcAttr) {}

// setNamespaces does nothing: no component asks for them on other systems.
func setNamespaces(*syscall.SysProcAttr) {}
