package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// shell runs one command without any of the syntax of a shell, which litmus-go does not need.
func shell(args []string) error {
	if len(args) != 2 || args[0] != "-c" {
		return fmt.Errorf("sh: expected -c and one command, found %q", args)
	}
	if strings.ContainsAny(args[1], "|&;<>$`\"'\\") {
		return fmt.Errorf("sh: %q needs a real shell", args[1])
	}
	return replace(strings.Fields(args[1]))
}

// replace puts another program in the place of this one.
func replace(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("expected a command, found nothing")
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, args, os.Environ())
}

// pause waits for SIGCONT before it starts a program, so that it can be put into a cgroup first.
func pause(args []string) error {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	<-resumed
	return replace(args)
}

// nsutil starts a program in the process namespace of another process.
func nsutil(args []string) error {
	flags := flag.NewFlagSet("nsutil", flag.ContinueOnError)
	process := flags.Int("t", 0, "process")
	_ = flags.Bool("p", false, "enter its process namespace, which is all that this one can do")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.LockOSThread() // the namespace is that of children of this thread
	if err := enter(*process, "pid", unix.CLONE_NEWPID); err != nil {
		return err
	}
	rest := flags.Args()
	if len(rest) == 0 {
		return fmt.Errorf("nsutil: expected a command, found nothing")
	}
	command := exec.Command(rest[0], rest[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}

// nsenter puts a program of the network namespace of another process in the place of this one.
func nsenter(args []string) error {
	flags := flag.NewFlagSet("nsenter", flag.ContinueOnError)
	process := flags.Int("t", 0, "process")
	_ = flags.Bool("n", false, "enter its network namespace, which is all that this one can do")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := enter(*process, "net", unix.CLONE_NEWNET); err != nil {
		return err
	}
	return replace(flags.Args())
}

func enter(process int, namespace string, kind int) error {
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", process, namespace))
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := unix.Setns(int(file.Fd()), kind); err != nil {
		return fmt.Errorf("enter the %s namespace of process %d: %w", namespace, process, err)
	}
	return nil
}
