package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// drain is how long output is still read after a program has ended, when something that it started keeps the pipe open.
const drain = 250 * time.Millisecond

// Command says what to start.
type Command struct {
	Path   string   // of the program
	Args   []string // with the program's name first
	Dir    string
	Env    []string
	Mark   string // see NewMark
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // may be the same as Stdout
}

// Process is a program that was started. It is the head of a group of its own with everything that it starts.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	exit Exit
}

// Exit says how a program ended.
type Exit struct {
	Code   int    // -1 when it was ended by a signal
	Signal string // that ended it, "" when it ended by itself
	Err    error  // of reading its output, or of waiting for it
}

// String says how it ended: "exited with code 3".
func (e Exit) String() string {
	switch {
	case e.Signal != "":
		return "was ended by the signal " + e.Signal
	case e.Err != nil:
		return "ended: " + e.Err.Error()
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// Start starts c. The caller must call Stop, or wait until Done is closed.
func Start(c Command) (*Process, error) {
	p := &Process{name: filepath.Base(c.Path), done: make(chan struct{})}
	p.cmd = &exec.Cmd{
		Path: c.Path, Args: c.Args, Dir: c.Dir, Env: append(c.Env, markVariable+"="+c.Mark),
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr,
		SysProcAttr: attributes(), WaitDelay: drain,
	}
	started := make(chan error, 1)
	go p.live(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s could not be started: %w", p.name, startError(err))
	}
	return p, nil
}

// startError leaves out what Go puts before the reason ("fork/exec /path").
func startError(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}

// live starts the program and waits for it. Both happen on one thread that lives as long as the program: the kernel
// ends the program when the thread that started it ends, which is how it dies with a runner that was killed.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	err := p.cmd.Wait()
	killGroup(p.cmd.Process.Pid) // what the program left behind; its group lives on as long as one of them does
	p.exit = exitOf(p.cmd, err)
	close(p.done)
}

func exitOf(cmd *exec.Cmd, err error) Exit {
	e := Exit{Code: cmd.ProcessState.ExitCode(), Signal: signalOf(cmd.ProcessState)}
	if _, exited := errors.AsType[*exec.ExitError](err); !exited && !errors.Is(err, exec.ErrWaitDelay) {
		e.Err = err
	}
	return e
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended and its output was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the program ended. It may be called once Done is closed.
func (p *Process) Exit() Exit { return p.exit }

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Stop sends a signal to the group of the program and waits until it has ended. When that takes longer than grace, or
// ctx is done, the group is killed. It returns whether it had to be.
func (p *Process) Stop(ctx context.Context, s Signal, grace time.Duration) (killed bool) {
	if p.Ended() {
		return false // its number may belong to another program by now
	}
	signalGroup(p.PID(), s)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return false
	case <-timer.C:
	case <-ctx.Done():
	}
	p.Kill()
	return true
}

// Kill ends the group of the program at once and waits for it.
func (p *Process) Kill() {
	if !p.Ended() {
		killGroup(p.PID())
		<-p.done
	}
}
