package history_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// record stores entries and fails the test if one is refused.
func record(t *testing.T, h *history.History, entries ...history.Entry) {
	t.Helper()
	for _, entry := range entries {
		if err := h.Record(entry); err != nil {
			t.Fatal(err)
		}
	}
}

// ids returns the identifiers of the selected entries.
func ids(h *history.History, filter history.Filter) []string {
	found := []string{}
	for _, entry := range h.List(filter) {
		found = append(found, entry.ID)
	}
	return found
}

func TestListFilters(t *testing.T) {
	h := history.New(10, nil)
	record(t, h,
		history.Entry{ID: "a", Alertname: "HighLoad", Status: history.Succeeded, Target: &action.Target{Namespace: "shop"}},
		history.Entry{ID: "b", Alertname: "HighLoad", Status: history.NoAction, Labels: map[string]string{"namespace": "shop"}},
		history.Entry{ID: "c", Alertname: "PodStuck", Status: history.Failed, Target: &action.Target{Namespace: "bank"}, Labels: map[string]string{"namespace": "shop"}},
	)
	for name, test := range map[string]struct {
		filter history.Filter
		want   []string
	}{
		"all":       {history.Filter{}, []string{"a", "b", "c"}},
		"alert":     {history.Filter{Alertname: "HighLoad"}, []string{"a", "b"}},
		"namespace": {history.Filter{Namespace: "shop"}, []string{"a", "b"}},
		"status":    {history.Filter{Status: history.Failed}, []string{"c"}},
		"two":       {history.Filter{Alertname: "HighLoad", Status: history.Succeeded}, []string{"a"}},
		"none":      {history.Filter{Alertname: "Other"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ids(h, test.filter)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordReplacesInPlaceAndForgetsOnlyFinished(t *testing.T) {
	h := history.New(2, nil)
	record(t, h,
		history.Entry{ID: "running", Status: history.Executing},
		history.Entry{ID: "old", Status: history.Received},
		history.Entry{ID: "old", Status: history.Succeeded},
		history.Entry{ID: "new", Status: history.NoAction},
	)
	if diff := cmp.Diff([]string{"running", "new"}, ids(h, history.Filter{})); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if _, found := h.Get("old"); found {
		t.Error("the forgotten entry can still be read")
	}
}

func TestReadersCannotChangeTheHistory(t *testing.T) {
	h := history.New(2, nil)
	record(t, h, history.Entry{ID: "a", Labels: map[string]string{"x": "1"}, Target: &action.Target{Name: "web"}})
	stolen, _ := h.Get("a")
	stolen.Labels["x"], stolen.Target.Name = "2", "other"
	kept, _ := h.Get("a")
	if kept.Labels["x"] != "1" || kept.Target.Name != "web" {
		t.Errorf("the entry was changed to %+v", kept)
	}
}

func TestFileHasOneLinePerVersionAndIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	for _, id := range []string{"first", "second"} {
		file, err := history.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h := history.New(10, file)
		record(t, h, history.Entry{ID: id, Status: history.Received}, history.Entry{ID: id, Status: history.Succeeded})
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, entry := range readLines(t, path) {
		got = append(got, entry.ID+" "+string(entry.Status))
	}
	want := []string{"first received", "first succeeded", "second received", "second succeeded"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// readLines decodes a history file.
func readLines(t *testing.T, path string) []history.Entry {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var entries []history.Entry
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry history.Entry
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	return entries
}

// failingSink refuses while it is broken.
type failingSink struct{ broken bool }

func (s *failingSink) Append(history.Entry) error {
	if s.broken {
		return errors.New("disk full")
	}
	return nil
}

func TestWhatTheSinkRefusesIsNotShown(t *testing.T) {
	sink := &failingSink{broken: true}
	h := history.New(10, sink)
	err := h.Record(history.Entry{ID: "a"})
	if err == nil || err.Error() != `record action "a": disk full` {
		t.Errorf("error is %v", err)
	}
	if got := ids(h, history.Filter{}); len(got) != 0 || h.Err() == nil {
		t.Errorf("the history shows %v and reports %v", got, h.Err())
	}
	sink.broken = false
	record(t, h, history.Entry{ID: "b"})
	if h.Err() != nil {
		t.Errorf("the history still reports %v", h.Err())
	}
}
