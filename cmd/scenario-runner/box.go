package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// box is a sandbox that lives as long as this process: it ends when its standard input is closed, which the system does
// even when we are killed.
type box struct {
	Name       string `json:"name"`
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`

	binary  string
	command *exec.Cmd
	input   io.Closer
	log     *tail
	done    chan struct{}
	reused  bool
	cluster string // that it stands for; "" is the default one
}

// boxOptions says which sandbox to use.
type boxOptions struct {
	binary string
	name   string // a named one that is up is used and left up
	nodes  int    // simulated ones; 0 leaves the number to the sandbox
	node   string // realNode for one whose pods really run
}

// realNode is the kind of node whose pods really run.
const realNode = "real"

// openBox brings a sandbox up, or takes the named one that is up already.
func openBox(ctx context.Context, o boxOptions) (*box, error) {
	binary, err := findSandbox(o.binary)
	if err != nil {
		return nil, err
	}
	if o.name != "" {
		out, err := exec.CommandContext(ctx, binary, "kubeconfig", "--name", o.name).Output() //nolint:gosec // our own program
		if path := strings.TrimSpace(string(out)); err == nil && path != "" {
			if err := o.checkNode(ctx, binary); err != nil {
				return nil, err
			}
			return &box{Name: o.name, Kubeconfig: path, binary: binary, reused: true}, nil
		}
	}
	args := []string{"serve", "--parent-stdin"}
	if o.nodes != 0 {
		args = append(args, "--nodes", strconv.Itoa(o.nodes))
	}
	if o.node != "" {
		args = append(args, "--node", o.node)
	}
	if o.name != "" {
		args = append(args, "--name", o.name)
	}
	return startBox(ctx, exec.Command(binary, args...)) //nolint:gosec,noctx // it outlives ctx to be taken down in order
}

// checkNode refuses a sandbox that is up without the real node that this run asks for.
func (o boxOptions) checkNode(ctx context.Context, binary string) error {
	if o.node != realNode {
		return nil
	}
	// It ends with 1 when something is broken, and says what there is all the same.
	out, _ := exec.CommandContext(ctx, binary, "status", "--json", "--name", o.name).Output() //nolint:gosec // our own program
	var status struct {
		RealNode string `json:"realNode"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return fmt.Errorf("reading how the sandbox %q is: %w", o.name, err)
	}
	if status.RealNode == "" {
		return fmt.Errorf("the sandbox %q is up without a real node; take it down with `scenario-runner sandbox down --name %s`, or leave --sandbox-node out", o.name, o.name)
	}
	return nil
}

func startBox(ctx context.Context, c *exec.Cmd) (*box, error) {
	b := &box{binary: c.Path, command: c, log: &tail{}, done: make(chan struct{})}
	isolate(c) // Ctrl-C in the terminal is ours to handle: the cluster must outlive the clean-up
	input, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.input, c.Stderr = input, b.log
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("starting the sandbox: %w", err)
	}
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(output).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, b)
		}
		ready <- err
		_, _ = io.Copy(io.Discard, output)
		_ = c.Wait()
		close(b.done)
	}()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("the sandbox did not come up: %w\n%s", err, b.log)
	}
	return b, nil
}

// close takes the sandbox down and waits until it is gone. A sandbox that was up before stays.
func (b *box) close() {
	if b == nil || b.reused {
		return
	}
	_ = b.input.Close()
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	select {
	case <-b.done:
	case <-timer.C:
		_ = b.command.Process.Kill()
		<-b.done
	}
}

// err reports a sandbox that ended by itself.
func (b *box) err() error {
	if b == nil || b.reused {
		return nil
	}
	select {
	case <-b.done:
		return errors.New("the sandbox ended by itself:\n" + b.log.String())
	default:
		return nil
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailSize = 8 << 10

// Write keeps the last bytes.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - tailSize; over > 0 {
		t.data = bytes.Clone(t.data[over:])
	}
	return len(p), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.data))
}
