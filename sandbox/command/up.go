package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// startingInterval is how often a sandbox that someone else has started is asked whether it is up.
const startingInterval = 50 * time.Millisecond

type upOptions struct {
	name    string
	nodes   nodeOptions
	wait    bool
	timeout time.Duration
	json    bool
}

func (p *program) up() *cobra.Command {
	var o upOptions
	command := &cobra.Command{
		Use:   "up",
		Short: "Bring a sandbox up and leave it running",
		Long: `Bring a sandbox up and leave it running until it is taken down. If it is up already, nothing is changed, except that
missing nodes are added.

With --node real there is a node whose pods really run, in containers: ` + realnode.Name + `. Pods run there unless they tolerate the taint ` + simulation.NodeAnnotation + ` of
the simulated nodes, of which there are none then by default. It needs Linux, root, containerd and some more programs; what is missing is said.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error { return p.runUp(command.Context(), o) },
	}
	nameFlag(command, &o.name)
	nodesFlags(command, &o.nodes)
	command.Flags().BoolVar(&o.wait, "wait", true, "wait until the nodes are ready and pods can be created")
	command.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait at most")
	command.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return command
}

func (p *program) runUp(ctx context.Context, o upOptions) error {
	if err := o.nodes.check(); err != nil {
		return err
	}
	at, err := placeOf(o.name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("it took longer than %s", o.timeout))
	defer cancel()
	changing, err := at.Change(ctx)
	if err != nil {
		return err
	}
	result, err := p.bringUp(ctx, at, o)
	if err := errors.Join(err, changing.Release()); err != nil {
		return err
	}
	return p.printUp(result, o)
}

// upResult is what up prints.
type upResult struct {
	supervise.Ready
	// AlreadyUp says that the sandbox was up before.
	AlreadyUp bool `json:"alreadyUp"`
	// Waited says that it is known to be usable.
	Waited bool `json:"ready"`
}

func (p *program) bringUp(ctx context.Context, at place.Place, o upOptions) (upResult, error) {
	client := supervise.NewClient(at)
	status, err := client.Status(ctx)
	if err != nil {
		return upResult{}, err
	}
	if status.State == supervise.StateDown {
		ready, err := startDetached(ctx, at, o)
		return upResult{Ready: ready, Waited: o.wait}, err
	}
	status, err = waitStarted(ctx, client, status, o)
	if err != nil {
		return upResult{}, err
	}
	if status.State == supervise.StateBroken {
		return upResult{}, p.brokenError(status)
	}
	if err := p.completeNodes(ctx, client, status, o.nodes); err != nil {
		return upResult{}, err
	}
	return upResult{Ready: status.Ready, AlreadyUp: true, Waited: status.State == supervise.StateUp}, nil
}

// completeNodes adds the simulated nodes that are missing in a sandbox that is up.
func (p *program) completeNodes(ctx context.Context, client *supervise.Client, status supervise.Status, nodes nodeOptions) error {
	has, needs := status.Nodes.Total, nodes.simulated()
	switch {
	case status.RealNode != "":
		has--
	case nodes.real():
		return fmt.Errorf("sandbox %q is up without a real node, and none can be added; take it down first with %q", status.Name, p.name+" down --name "+status.Name)
	}
	if status.State != supervise.StateUp || has >= needs {
		return nil
	}
	return client.Grow(ctx, needs)
}

// waitStarted waits for a sandbox that someone else has started and that isn't usable yet.
func waitStarted(ctx context.Context, client *supervise.Client, status supervise.Status, o upOptions) (supervise.Status, error) {
	ticker := time.NewTicker(startingInterval)
	defer ticker.Stop()
	for o.wait && status.State == supervise.StateStarting {
		select {
		case <-ctx.Done():
			return status, fmt.Errorf("wait for sandbox %q: %w", o.name, context.Cause(ctx))
		case <-ticker.C:
		}
		var err error
		if status, err = client.Status(ctx); err != nil {
			return status, err
		}
	}
	if status.State == supervise.StateDown {
		return status, fmt.Errorf("sandbox %q went down while it was starting", o.name)
	}
	return status, nil
}

func (p *program) brokenError(status supervise.Status) error {
	for _, component := range status.Components {
		if component.State == supervise.StateCrashed {
			return fmt.Errorf("sandbox %q is up but broken: %s has ended by itself (%s); look at it with %q, then start the component again with %q or throw the sandbox away with %q",
				status.Name, component.Name, component.Exit,
				p.name+" logs --name "+status.Name+" "+component.Name,
				p.name+" restart --name "+status.Name+" "+component.Name,
				p.name+" down --name "+status.Name)
		}
	}
	return fmt.Errorf("sandbox %q is up but broken; see %q", status.Name, p.name+" status --name "+status.Name)
}

// startReport is a line with which a detached supervisor tells its starter how far it is.
type startReport struct {
	Started *supervise.Ready `json:"started,omitempty"`
	Ready   *supervise.Ready `json:"ready,omitempty"`
	Error   string           `json:"error,omitempty"`
}

// startDetached starts a supervisor that outlives this process and waits for its report.
func startDetached(ctx context.Context, at place.Place, o upOptions) (supervise.Ready, error) {
	executable, err := os.Executable()
	if err != nil {
		return supervise.Ready{}, fmt.Errorf("find this program: %w", err)
	}
	reports, reporter, err := os.Pipe()
	if err != nil {
		return supervise.Ready{}, fmt.Errorf("make a pipe for the supervisor's reports: %w", err)
	}
	defer reports.Close()
	command := exec.Command(executable, "supervise", "--name", at.Name, "--nodes", strconv.Itoa(o.nodes.simulated()), "--node", o.nodes.kind)
	command.ExtraFiles = []*os.File{reporter}
	command.Dir = "/"
	// A session of its own: neither the terminal's end nor its Ctrl-C reaches the sandbox.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Start()
	if err := errors.Join(err, reporter.Close()); err != nil {
		return supervise.Ready{}, fmt.Errorf("start the supervisor: %w", err)
	}
	ready, err := awaitReport(ctx, reports, o.wait)
	if err == nil {
		return ready, nil
	}
	if ctx.Err() == nil {
		return supervise.Ready{}, errors.Join(err, reap(command))
	}
	// It would go on starting, and its user believes that it has failed.
	kill := command.Process.Signal(syscall.SIGTERM)
	return supervise.Ready{}, errors.Join(fmt.Errorf("start sandbox %q: %w", at.Name, context.Cause(ctx)), kill, reap(command))
}

// reap waits for the end of a supervisor that has failed; its exit code says nothing that its report hasn't said.
func reap(command *exec.Cmd) error {
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

func awaitReport(ctx context.Context, reports *os.File, wait bool) (supervise.Ready, error) {
	type outcome struct {
		ready supervise.Ready
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		ready, err := readReports(reports, wait)
		done <- outcome{ready, err}
	}()
	select {
	case result := <-done:
		return result.ready, result.err
	case <-ctx.Done():
		// Closing the pipe ends the reading.
		err := reports.Close()
		<-done
		return supervise.Ready{}, errors.Join(context.Cause(ctx), err)
	}
}

func readReports(reports io.Reader, wait bool) (supervise.Ready, error) {
	lines := bufio.NewScanner(reports)
	for lines.Scan() {
		var report startReport
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return supervise.Ready{}, fmt.Errorf("read the report of the supervisor: %w", err)
		}
		switch {
		case report.Error != "":
			return supervise.Ready{}, errors.New(report.Error)
		case report.Ready != nil:
			return *report.Ready, nil
		case report.Started != nil && !wait:
			return *report.Started, nil
		}
	}
	return supervise.Ready{}, errors.New("the supervisor ended without a report")
}

func (p *program) printUp(result upResult, o upOptions) error {
	if o.json {
		return p.printJSON(result)
	}
	name := ""
	if result.Name != DefaultName {
		name = " --name " + result.Name
	}
	headline := fmt.Sprintf("Sandbox %q is up with %s (it took %.1f s).", result.Name, o.nodes, float64(result.StartupMillis)/1000)
	switch {
	case result.AlreadyUp:
		headline = fmt.Sprintf("Sandbox %q is up already.", result.Name)
	case !result.Waited:
		headline = fmt.Sprintf("Sandbox %q is starting.", result.Name)
	}
	_, err := fmt.Fprintf(p.streams.Out, `%s
  kubeconfig  %s
  context     %s
Use it:        export KUBECONFIG=%s
Look at it:    %s status%s
Take it down:  %s down%s
`, headline, result.Kubeconfig, result.Context, result.Kubeconfig, p.name, name, p.name, name)
	return err
}

func (p *program) printJSON(value any) error {
	encoder := json.NewEncoder(p.streams.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
