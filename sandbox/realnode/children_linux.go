package realnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// children are the processes that this one has started. As the first process of its namespace it also gets those whose
// parents have died; it has to collect them all, so it can't wait for one of its own in the usual way.
type children struct {
	mu    sync.Mutex
	byPID map[int]*child
}

// child is a process that was started here.
type child struct {
	name    string
	pid     int
	started time.Time
	// done is closed when it has ended; status is then how.
	done   chan struct{}
	status unix.WaitStatus
}

func newChildren() *children { return &children{byPID: map[int]*child{}} }

// start starts a process. Its files must be real ones, since nobody copies.
func (c *children) start(name string, command *exec.Cmd) (*child, error) {
	// Its end must not be found before it is known here.
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	started := &child{name: name, pid: command.Process.Pid, started: time.Now(), done: make(chan struct{})}
	c.byPID[started.pid] = started
	if err := command.Process.Release(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return started, nil
}

// run starts a process and waits for its end.
func (c *children) run(ctx context.Context, name string, command *exec.Cmd) error {
	started, err := c.start(name, command)
	if err != nil {
		return err
	}
	select {
	case <-started.done:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s: %w", name, context.Cause(ctx)), started.kill())
	}
	if started.status != 0 {
		return fmt.Errorf("%s failed: %s", name, started.exit())
	}
	return nil
}

// collect collects processes that have ended, until the context ends.
func (c *children) collect(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	defer signal.Stop(ended)
	for {
		for c.collectOne() {
		}
		select {
		case <-ctx.Done():
			return
		case <-ended:
		}
	}
}

func (c *children) collectOne() bool {
	var status unix.WaitStatus
	pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
	if errors.Is(err, unix.EINTR) {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byPID[pid]; known != nil {
		known.status = status
		delete(c.byPID, pid)
		close(known.done)
	}
	return true
}

// kill ends a process at once.
func (c *child) kill() error {
	if err := unix.Kill(c.pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end %s: %w", c.name, err)
	}
	return nil
}

// running says whether the process has not ended.
func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// exit says how the process has ended.
func (c *child) exit() string {
	if c.status.Signaled() {
		return "signal: " + c.status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", c.status.ExitStatus())
}
