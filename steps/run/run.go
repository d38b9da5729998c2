package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/process"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	keptOutput = 4 << 20 // of each stream
	shownLines = 20
	shownTitle = 60
)

// title shows the beginning of what is run.
func title(c *Config) string {
	if c.Script == "" {
		return process.Title("run", c.Command)
	}
	for line := range strings.SplitSeq(c.Script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if r := []rune(line); len(r) > shownTitle {
			line = string(r[:shownTitle]) + "…"
		}
		return "run " + line
	}
	return "run a script"
}

// words returns what is started.
func words(c Config, scope eval.Scope) ([]string, error) {
	if c.Script != "" {
		return []string{"sh", "-e", "-c", c.Script}, nil
	}
	value, err := c.Command.Eval(scope)
	if err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return process.Words(value)
}

func perform(ctx context.Context, run *step.Run, c Config, clusters process.Cluster) (Outputs, error) {
	line, err := words(c, run.Scope)
	if err != nil {
		return Outputs{}, err
	}
	extra, err := process.ClusterEnvironment(ctx, run, clusters, c.Kubeconfig)
	if err != nil {
		return Outputs{}, err
	}
	command, err := process.Prepare(line, c.Dir, run.Folder(), extra, c.Env)
	if err != nil {
		return Outputs{}, err
	}
	stdout := process.NewOutput(keptOutput, func(line string) { run.Progress("%s", line) })
	stderr := process.NewOutput(keptOutput, nil)
	both := process.NewOutput(keptOutput, nil)
	if c.Stdin != "" {
		command.Stdin = strings.NewReader(c.Stdin)
	}
	command.Stdout, command.Stderr = io.MultiWriter(stdout, both), io.MultiWriter(stderr, both)
	name := programName(c, line)
	if _, err := run.Record(ctx, undoName, process.Started{Mark: command.Mark, Program: name}); err != nil {
		return Outputs{}, err
	}
	p, err := process.Start(command)
	if err != nil {
		return Outputs{}, err
	}
	err = wait(ctx, p)
	out := outputs(p.Exit(), stdout, stderr)
	if all, _ := both.Bytes(); len(all) > 0 {
		run.Host.Attach("output.log", all)
	}
	if err == nil {
		err = verdict(p.Exit(), c, name)
	}
	return out, explain(ctx, err, name, both)
}

func programName(c Config, line []string) string {
	if c.Script != "" {
		return "the script"
	}
	return line[0][strings.LastIndexAny(line[0], `/\`)+1:]
}

// wait waits for the program. When the step is over before it, so is the program, with all that it started.
func wait(ctx context.Context, p *process.Process) error {
	select {
	case <-p.Done():
		return nil
	case <-ctx.Done():
		p.Kill()
		return ctx.Err()
	}
}

func outputs(e process.Exit, stdout, stderr *process.Output) Outputs {
	text, cut := stdout.Bytes()
	errors, errorsCut := stderr.Bytes()
	out := Outputs{
		ExitCode: e.Code, Truncated: cut > 0 || errorsCut > 0,
		Stdout: strings.TrimRight(string(text), "\r\n"), Stderr: strings.TrimRight(string(errors), "\r\n"),
	}
	if cut == 0 {
		out.JSON, _ = web.Value(text)
	}
	return out
}

func verdict(e process.Exit, c Config, name string) error {
	wanted := c.ExitCodes
	if len(wanted) == 0 {
		wanted = []int{0}
	}
	switch {
	case e.Err != nil:
		return fmt.Errorf("%s: %w", name, e.Err)
	case e.Signal == "" && slices.Contains(wanted, e.Code):
		return nil
	}
	expected := ""
	if !slices.Equal(wanted, []int{0}) {
		expected = fmt.Sprintf("; expected %s", list(wanted))
	}
	return step.Fail("%s %s%s", name, e, expected)
}

func list(codes []int) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = fmt.Sprint(c)
	}
	return strings.Join(texts, " or ")
}

// explain adds the end of the output to what went wrong.
func explain(ctx context.Context, err error, name string, both *process.Output) error {
	if err == nil || step.Interrupted(ctx) {
		return err
	}
	tail := both.Tail(shownLines)
	if errors.Is(err, context.DeadlineExceeded) {
		f := step.Fail("%s did not end in time and was killed", name)
		if len(tail) > 0 {
			f.Message += "; its last line: " + tail[len(tail)-1]
		}
		return f.Explain("last lines of its output", tail...)
	}
	if f, ok := errors.AsType[*step.Failure](err); ok {
		return f.Explain("last lines of its output", tail...)
	}
	return err
}
