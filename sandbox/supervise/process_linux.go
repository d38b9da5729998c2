package supervise

import "syscall"

// setDeathSignal makes the kernel end a child when its parent dies, even before the child has begun to watch its
// lifeline.
func setDeathSignal(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
