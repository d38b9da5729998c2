package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Journal is a journal that was read.
type Journal struct {
	Dir    string
	Events []Event
	Torn   bool // the last line was cut short: the process was killed while it wrote it
}

// Read reads the journal in the run directory dir. A last line that was cut short is left out.
func Read(dir string) (*Journal, error) {
	path := filepath.Join(dir, fileName)
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not the directory of a run: it has no %s: %w", dir, fileName, os.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	parsed, err := parse(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Journal{Dir: dir, Events: parsed.events, Torn: parsed.torn}, nil
}

// parsed is what parse found.
type parsed struct {
	events       []Event
	good         int64 // length of the part that holds events
	torn         bool
	unterminated bool // the last event has no line end
}

func parse(r io.Reader) (*parsed, error) {
	p := &parsed{}
	lines := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(line) == 0 {
			return p, nil
		}
		ended := line[len(line)-1] == '\n'
		event, err := parseLine(line)
		if err != nil && ended {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if err != nil {
			p.torn = true
			return p, nil
		}
		p.events = append(p.events, event)
		p.good += int64(len(line))
		p.unterminated = !ended
	}
}

func parseLine(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("not an event of a journal: %w", err)
	}
	if e.Kind == "" {
		return e, errors.New(`not an event of a journal: "kind" is missing`)
	}
	return e, nil
}

// OpenUndo is a change that was not taken back yet.
type OpenUndo struct {
	UndoInfo

	Scenario string // key of the scenario
	Step     string // id of the step that made the change
	Recorded time.Time
	Failure  string // why it could not be taken back, when that was tried
}

// Open returns the ledger entries that were neither taken back nor forgotten, newest first: the order in which they
// have to be taken back.
func (j *Journal) Open() []OpenUndo {
	type key struct {
		scenario string
		id       int
	}
	open := map[key]OpenUndo{}
	var order []key
	for _, e := range j.Events {
		if e.Undo == nil {
			continue
		}
		k := key{e.Scenario, e.Undo.ID}
		switch e.Kind {
		case UndoRecorded:
			open[k] = OpenUndo{UndoInfo: *e.Undo, Scenario: e.Scenario, Step: e.Step, Recorded: e.Time}
			order = append(slices.DeleteFunc(order, func(o key) bool { return o == k }), k)
		case UndoFinished:
			delete(open, k)
		case UndoFailed:
			if undo, ok := open[k]; ok {
				undo.Failure = e.Message
				open[k] = undo
			}
		}
	}
	var out []OpenUndo
	for _, k := range slices.Backward(order) {
		if undo, ok := open[k]; ok {
			out = append(out, undo)
		}
	}
	return out
}

// Run returns what opened the journal, or nil when the run died before that was written.
func (j *Journal) Run() *RunInfo {
	for _, e := range j.Events {
		if e.Kind == RunStarted && e.Run != nil {
			return e.Run
		}
	}
	return nil
}

// Finished reports whether the run came to its end.
func (j *Journal) Finished() bool {
	return slices.ContainsFunc(j.Events, func(e Event) bool { return e.Kind == RunFinished })
}
