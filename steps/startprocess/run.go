package startprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

const (
	keptOutput = 1 << 20 // how much of a program's output is attached
	shownLines = 20
)

// program is a started program with what is known of it.
type program struct {
	*process.Process
	name    string
	output  *process.Output
	config  Config
	outputs Outputs
	signal  process.Signal
	matches <-chan map[string]string
}

func start(ctx context.Context, run *step.Run, c Config, around surroundings) (Outputs, error) {
	p := &program{config: c}
	command, err := p.prepare(ctx, run, around)
	if err != nil {
		return Outputs{}, err
	}
	if _, err := run.Record(ctx, undoName, process.Started{Mark: command.Mark, Program: p.name}); err != nil {
		return Outputs{}, err
	}
	if p.Process, err = process.Start(command); err != nil {
		return Outputs{}, err
	}
	p.outputs.PID = p.PID()
	if err := p.becomeReady(ctx, run); err != nil {
		p.Stop(ctx, p.signal, c.StopGrace)
		p.attach(run)
		return p.outputs, err
	}
	p.findPort()
	run.Host.Service(p.name, func(ctx context.Context) error { return p.serve(ctx, run) })
	return p.outputs, nil
}

// prepare evaluates the config and finds everything that the program needs.
func (p *program) prepare(ctx context.Context, run *step.Run, around surroundings) (process.Command, error) {
	c := &p.config
	signal, err := process.SignalNamed(c.StopSignal)
	if err != nil {
		return process.Command{}, fmt.Errorf("stopSignal: %w", err)
	}
	p.signal = signal
	if p.outputs.Ports, err = reserve(ctx, c.Ports); err != nil {
		return process.Command{}, err
	}
	files, err := around.kubeconfigs(ctx, run, c.Kubeconfigs)
	if err != nil {
		return process.Command{}, err
	}
	scope := run.Scope.With("ports", values(p.outputs.Ports)).With("kubeconfigs", files)
	value, err := c.Command.Eval(scope)
	if err != nil {
		return process.Command{}, fmt.Errorf("command: %w", err)
	}
	words, err := process.Words(value)
	if err != nil {
		return process.Command{}, err
	}
	env := make(map[string]string, len(c.Env))
	for name, text := range c.Env {
		if env[name], err = text.Eval(scope); err != nil {
			return process.Command{}, fmt.Errorf("env %s: %w", name, err)
		}
	}
	extra, err := around.variables(ctx, run, c)
	if err != nil {
		return process.Command{}, err
	}
	command, err := process.Prepare(words, c.Dir, run.Folder(), append(extra, variables(p.outputs.Ports)...), env)
	if err != nil {
		return process.Command{}, err
	}
	p.name = words[0][strings.LastIndexAny(words[0], `/\`)+1:]
	onLine, matches := matcher(c.Ready.Log)
	p.matches = matches
	p.output = process.NewOutput(keptOutput, onLine)
	command.Stdout, command.Stderr = p.output, p.output
	return command, nil
}

// becomeReady waits for every condition, in turn.
func (p *program) becomeReady(ctx context.Context, run *step.Run) error {
	p.outputs.Captures = map[string]string{}
	scope := run.Scope.With("ports", values(p.outputs.Ports))
	all, err := conditions(p.config.Ready, scope, p.outputs.Ports, p.matches, p.outputs.Captures)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, p.config.Ready.Timeout, errNotReady)
	defer cancel()
	waiting, release := p.untilExit(waiting)
	defer release()
	for _, c := range all {
		lastSeen := ""
		run.Progress("%s is starting; waiting for %s", p.name, c.what)
		err := c.wait(waiting, func(text string) {
			lastSeen = text
			run.Progress("%s is starting; waiting for %s; last seen: %s", p.name, c.what, text)
		})
		if err != nil {
			return p.notReady(ctx, c.what, lastSeen, err)
		}
	}
	return nil
}

var errExited = errors.New("the program has ended")

// untilExit returns a context that also ends when the program does.
func (p *program) untilExit(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	watcher := make(chan struct{})
	go func() {
		defer close(watcher)
		select {
		case <-p.Done():
			cancel(errExited)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-watcher
	}
}

func (p *program) notReady(ctx context.Context, what, lastSeen string, err error) error {
	switch {
	case errors.Is(err, errExited):
		return p.exited(" before it was ready; waited for " + what)
	case step.Interrupted(ctx):
		return ctx.Err()
	}
	after := "when the step timed out"
	if errors.Is(err, errNotReady) {
		after = "after " + p.config.Ready.Timeout.Round(time.Millisecond).String()
	}
	f := step.Fail("%s was not ready %s; waited for %s", p.name, after, what)
	if lastSeen != "" {
		f.Message += "; last seen: " + lastSeen
	}
	return f.Explain("last lines of its output", p.output.Tail(shownLines)...)
}

// exited says that the program ended when it should not have.
func (p *program) exited(when string) *step.Failure {
	f := &step.Failure{Verdict: step.Errored, Message: p.name + " " + p.Exit().String() + when}
	return f.Explain("last lines of its output", p.output.Tail(shownLines)...)
}

// findPort fills in the port and the address.
func (p *program) findPort() {
	o := &p.outputs
	if n, err := strconv.Atoi(o.Captures["port"]); err == nil {
		o.Port = n
	} else if len(o.Ports) == 1 {
		for _, n := range o.Ports {
			o.Port = n
		}
	}
	if o.Port != 0 {
		o.Address = net.JoinHostPort(loopback, strconv.Itoa(o.Port))
	}
}

// serve lives beside the following steps, until the scenario ends or the program does.
func (p *program) serve(ctx context.Context, run *step.Run) error {
	defer p.attach(run)
	select {
	case <-ctx.Done():
		p.Stop(context.WithoutCancel(ctx), p.signal, p.config.StopGrace)
		return nil
	case <-p.Done():
	}
	if p.config.MayExit || ctx.Err() != nil {
		return nil
	}
	return p.exited(" while the scenario still needed it")
}

func (p *program) attach(run *step.Run) {
	kept, dropped := p.output.Bytes()
	if dropped > 0 {
		kept = append(fmt.Appendf(nil, "… %d bytes before this were not kept\n", dropped), kept...)
	}
	if len(kept) > 0 {
		run.Host.Attach(p.name+".log", kept)
	}
}
