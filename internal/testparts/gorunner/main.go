// Command gorunner is one program in the place of the many that LitmusChaos's image holds beside its experiments: a shell,
// sudo, nsenter, crictl, kubectl, pause, nsutil, stress-ng and tc. It does what litmus-go asks of each, and goes by the name
// that it is called with. So an image for tests can be made of static programs, without a registry.
//
// It is test support and no part of the product. Where the kernel has no netem, tc drops packets by nftables.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	err := run(filepath.Base(os.Args[0]), os.Args[1:])
	if err == nil {
		return
	}
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() > 0 {
		os.Exit(ended.ExitCode())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func run(name string, args []string) error {
	programs := map[string]func([]string) error{
		"bash": shell, "sh": shell, "sudo": replace,
		"pause": pause, "nsutil": nsutil, "nsenter": nsenter,
		"crictl": crictl, "kubectl": kubectl, "stress-ng": stress, "tc": tc,
	}
	program, found := programs[name]
	if !found {
		return fmt.Errorf("gorunner goes by the name that it is called with, and %q is none that it knows", name)
	}
	return program(args)
}
