package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const threeLines = `{"seq":1,"time":"2026-03-01T12:00:00Z","kind":"run.started","run":{"id":"r1","version":"v1","arguments":null,"process":7,"scenarios":1,"parallel":1}}
{"seq":2,"time":"2026-03-01T12:00:01Z","kind":"undo.recorded","scenario":"s","step":"a","undo":{"id":1,"name":"delete","describe":"delete é"}}
{"seq":3,"time":"2026-03-01T12:00:02Z","kind":"run.finished"}
`

func TestReadToleratesATornLastLine(t *testing.T) {
	whole, err := parse(strings.NewReader(threeLines))
	if err != nil || len(whole.events) != 3 || whole.torn || whole.unterminated {
		t.Fatalf("whole journal: %+v %v", whole, err)
	}
	for cut := range len(threeLines) {
		got, err := parse(strings.NewReader(threeLines[:cut]))
		if err != nil {
			t.Fatalf("cut at byte %d: %v", cut, err)
		}
		if diff := cmp.Diff(whole.events[:len(got.events)], got.events, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("cut at byte %d:\n%s", cut, diff)
		}
		if complete := strings.Count(threeLines[:cut], "\n"); len(got.events) < complete {
			t.Fatalf("cut at byte %d: got %d events, want at least %d", cut, len(got.events), complete)
		}
	}
}

func TestReadErrors(t *testing.T) {
	first, _, _ := strings.Cut(threeLines, "\n")
	tests := []struct{ name, text, want string }{
		{"garbage in the middle", first + "\nrubbish\n" + first + "\n", "line 2: not an event of a journal: invalid character 'r' looking for beginning of value"},
		{"garbage in a complete last line", first + "\n{}x\n", "line 2: not an event of a journal: invalid character 'x' after top-level value"},
		{"another JSON file", "{\"name\": 1}\n", `line 1: not an event of a journal: "kind" is missing`},
		{"empty line", first + "\n\n", "line 2: not an event of a journal: unexpected end of JSON input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fileName)
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(dir)
			if want := path + ": " + tt.want; err == nil || err.Error() != want {
				t.Errorf("got error %v, want %s", err, want)
			}
		})
	}
	dir := t.TempDir()
	_, err := Read(dir)
	if want := dir + " is not the directory of a run: it has no journal.jsonl: file does not exist"; err == nil || err.Error() != want || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestOpenUndosNewestFirst(t *testing.T) {
	undo := func(kind Kind, scenario string, id int, message string) Event {
		return Event{Kind: kind, Scenario: scenario, Step: "step", Message: message, Undo: &UndoInfo{ID: id}}
	}
	j := &Journal{Events: []Event{
		undo(UndoRecorded, "a", 1, ""),
		undo(UndoRecorded, "b", 1, ""),
		undo(UndoRecorded, "a", 2, ""),
		undo(UndoRecorded, "a", 3, ""),
		undo(UndoFailed, "a", 3, "forbidden"),
		undo(UndoFinished, "a", 2, ""),
		undo(UndoRecorded, "c", 1, ""),
		undo(UndoFinished, "c", 1, ""),
		undo(UndoRecorded, "c", 1, ""), // the scenario was run again
		undo(UndoFailed, "x", 9, "of nothing"),
		{Kind: Logged},
	}}
	want := []OpenUndo{
		{UndoInfo: UndoInfo{ID: 1}, Scenario: "c", Step: "step"},
		{UndoInfo: UndoInfo{ID: 3}, Scenario: "a", Step: "step", Failure: "forbidden"},
		{UndoInfo: UndoInfo{ID: 1}, Scenario: "b", Step: "step"},
		{UndoInfo: UndoInfo{ID: 1}, Scenario: "a", Step: "step"},
	}
	if diff := cmp.Diff(want, j.Open()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRunAndFinished(t *testing.T) {
	p, err := parse(strings.NewReader(threeLines))
	if err != nil {
		t.Fatal(err)
	}
	j := &Journal{Events: p.events}
	if run := j.Run(); run == nil || run.ID != "r1" {
		t.Errorf("got run %+v", run)
	}
	if !j.Finished() {
		t.Error("want finished")
	}
	j.Events = j.Events[1:2]
	if j.Run() != nil || j.Finished() {
		t.Error("a journal without its first and last event has neither run nor end")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(threeLines))
	f.Add([]byte(threeLines[:len(threeLines)-9]))
	f.Add([]byte("{\"kind\":\"log\",\"undo\":null,\"result\":{\"took\":1e3}}\n\x00\x00"))
	f.Add([]byte("null\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse(bytes.NewReader(data))
		if err != nil {
			return
		}
		if p.good > int64(len(data)) {
			t.Fatalf("good part has %d bytes of %d", p.good, len(data))
		}
		again, err := parse(bytes.NewReader(data[:p.good]))
		if err != nil || again.torn || len(again.events) != len(p.events) {
			t.Fatalf("the good part does not read the same: %v", err)
		}
		j := &Journal{Events: p.events}
		j.Open()
		Summarize(p.events).Counts()
		for _, e := range p.events {
			if _, err := json.Marshal(MapStrings(e, strings.ToUpper)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
