package supervise

import "syscall"

// setDeathSignal makes the kernel end a child when its parent dies, even before the child has begun to watch its
// lifeline.
func setDeathSignal(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }

// setNamespaces gives a child namespaces of its own. When it ends, the kernel ends every process in them, and with the last
// one their interfaces, rules and mounts are gone.
func setNamespaces(attributes *syscall.SysProcAttr) {
	attributes.Cloneflags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
}
