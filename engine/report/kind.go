package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// Sink takes the events of a run, in order and one at a time, and makes a report of them.
type Sink interface {
	// Event takes the next event.
	Event(e journal.Event)
	// Close ends the report and writes what is left. It is called once, after the last event, also when the run has no
	// end because it was killed.
	Close() error
}

// kind is one way to report.
type kind struct {
	name string
	// open starts a report that is written to out. On standard output it may also show progress on o.Stderr.
	open func(out io.Writer, o Options, toStdout bool) Sink
}

// kinds lists the kinds of report. A new one is one file and one line here.
func kinds() []kind {
	return []kind{
		{name: "text", open: openText},
		{name: "json", open: openJSON},
		{name: "junit", open: openJUnit},
		{name: "html", open: openHTML},
		{name: "markdown", open: openMarkdown},
		{name: "github", open: openGitHub},
		{name: "quiet", open: openQuiet},
	}
}

// Kinds returns the names of the kinds of report, for the help of a command.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// target is one --output that was understood.
type target struct {
	kind kind
	file string // "" is standard output
}

// Open starts the reports that outputs asks for, each KIND or KIND=FILE. A kind without a file is written to standard
// output; when none is, text is. Files appear, complete, when the returned Sink is closed.
func Open(outputs []string, o Options) (Sink, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	targets, err := parseTargets(outputs)
	if err != nil {
		return nil, err
	}
	var all sinks
	for _, t := range targets {
		sink, err := t.open(o)
		if err != nil {
			return nil, errors.Join(err, all.discard())
		}
		all = append(all, sink)
	}
	return all, nil
}

// Render makes reports of a run that is over, or of one that was killed.
func Render(j *journal.Journal, outputs []string, o Options) error {
	o.Terminal = func() (int, int, bool) { return 0, 0, false } // nothing goes on
	o.Stderr = io.Discard
	if o.RunDir == "" {
		o.RunDir = j.Dir
	}
	sink, err := Open(outputs, o)
	if err != nil {
		return err
	}
	for _, e := range j.Events {
		sink.Event(e)
	}
	return sink.Close()
}

func parseTargets(outputs []string) ([]target, error) {
	var targets []target
	for _, output := range outputs {
		t, err := parseTarget(output)
		if err != nil {
			return nil, err
		}
		for _, other := range targets {
			if err := t.clash(other); err != nil {
				return nil, err
			}
		}
		targets = append(targets, t)
	}
	if !slices.ContainsFunc(targets, func(t target) bool { return t.file == "" }) {
		targets = append([]target{{kind: kinds()[0]}}, targets...)
	}
	return targets, nil
}

func parseTarget(output string) (target, error) {
	name, file, hasFile := strings.Cut(output, "=")
	if hasFile && file == "" {
		return target{}, fmt.Errorf(`--output %q: the file after "=" is missing; write %s=FILE, or %s alone for standard output`, output, name, name)
	}
	for _, k := range kinds() {
		if k.name == name {
			return target{kind: k, file: file}, nil
		}
	}
	return target{}, fmt.Errorf("--output %q: unknown kind %q%s", output, name, diag.DidYouMean(name, Kinds()))
}

func (t target) clash(other target) error {
	switch {
	case t.file != other.file:
		return nil
	case t.file != "":
		return fmt.Errorf("--output %s and --output %s both write to %q; give each a file of its own", other.kind.name, t.kind.name, t.file)
	}
	return fmt.Errorf("--output %s and --output %s both write to standard output; give one of them a file: %s=FILE",
		other.kind.name, t.kind.name, t.kind.name)
}

func (t target) open(o Options) (Sink, error) {
	if t.file == "" {
		return t.kind.open(o.Stdout, o, true), nil
	}
	file, err := createFile(t.file)
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", t.kind.name, err)
	}
	return &fileSink{Sink: t.kind.open(file, o, false), file: file}, nil
}

// sinks hands events on to several reports.
type sinks []Sink

// Event hands e on.
func (s sinks) Event(e journal.Event) {
	for _, sink := range s {
		sink.Event(e)
	}
}

// Close closes all reports, also when one of them fails.
func (s sinks) Close() error {
	var problems []error
	for _, sink := range s {
		problems = append(problems, sink.Close())
	}
	return errors.Join(problems...)
}

// discard ends the reports without leaving files.
func (s sinks) discard() error {
	var problems []error
	for _, sink := range s {
		if f, ok := sink.(*fileSink); ok {
			problems = append(problems, f.file.discard())
		}
	}
	return errors.Join(problems...)
}
