package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// TestKubeconfigVariable tells tests where their cluster is.
const TestKubeconfigVariable = "SCENARIO_RUNNER_TEST_KUBECONFIG"

// Exit codes of a shell for commands that could not be run or were ended by a signal.
const (
	exitNotFound   = 127
	exitSignalBase = 128
)

func (p *program) exec() *cobra.Command {
	var o serveOptions
	command := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENTS...]",
		Short: "Run a command with a sandbox of its own",
		Long: `Bring up a sandbox, run a command with KUBECONFIG and ` + TestKubeconfigVariable + ` set, take the sandbox down and exit
with the command's exit code.`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) == 0 {
				return usageError{errors.New("found no command, expected one after --")}
			}
			return nil
		},
		RunE: func(command *cobra.Command, arguments []string) error {
			return p.runExec(command.Context(), o, arguments)
		},
	}
	command.Flags().StringVar(&o.name, "name", "", "name of the sandbox (default a random one)")
	nodesFlags(command, &o.nodes)
	command.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long the start may take")
	return command
}

func (p *program) runExec(ctx context.Context, o serveOptions, arguments []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	ready := make(chan supervise.Ready, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- serveEphemeral(ctx, o, func(r supervise.Ready) error {
			ready <- r
			return nil
		})
	}()
	select {
	case r := <-ready:
		code, err := p.runWith(r, arguments, signals, ended)
		cancel()
		if err == nil {
			err = <-ended
		}
		if err != nil {
			return err
		}
		return exitCode(code)
	case received := <-signals:
		cancel()
		return errors.Join(<-ended, exitError{signalCode(received)})
	case err := <-ended:
		return err
	}
}

func exitCode(code int) error {
	if code == exitOK {
		return nil
	}
	return exitError{code}
}

func signalCode(received os.Signal) int {
	if number, ok := received.(syscall.Signal); ok {
		return exitSignalBase + int(number)
	}
	return exitFailure
}

// runWith runs the command until it ends. If the sandbox ends first, the command is asked to end and the error is
// returned.
func (p *program) runWith(ready supervise.Ready, arguments []string, signals <-chan os.Signal, ended <-chan error) (int, error) {
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = p.streams.In, p.streams.Out, p.streams.Err
	command.Env = append(withoutVariable(os.Environ(), "KUBECONFIG"), "KUBECONFIG="+ready.Kubeconfig, TestKubeconfigVariable+"="+ready.Kubeconfig)
	if err := command.Start(); err != nil {
		fmt.Fprintf(p.streams.Err, "error: run the command: %v\n", err)
		return exitNotFound, nil
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	for {
		select {
		case err := <-done:
			return codeOf(command, err)
		case received := <-signals:
			if received == os.Interrupt && isTerminal(p.streams.In) {
				// The terminal has sent it to the command already.
				continue
			}
			// A command that has just ended needs no signal.
			_ = command.Process.Signal(received)
		case err := <-ended:
			_ = command.Process.Signal(syscall.SIGTERM)
			<-done
			if err == nil {
				err = errors.New("the sandbox was taken down while the command ran")
			}
			return exitFailure, err
		}
	}
}

func codeOf(command *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return exitFailure, fmt.Errorf("run the command: %w", err)
	}
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignalBase + int(status.Signal()), nil
	}
	return command.ProcessState.ExitCode(), nil
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func withoutVariable(environment []string, name string) []string {
	var kept []string
	for _, entry := range environment {
		if !strings.HasPrefix(entry, name+"=") {
			kept = append(kept, entry)
		}
	}
	return kept
}
