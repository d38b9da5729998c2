package journal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func jsonNumber(s string) json.Number { return json.Number(s) }

// clock tells the time that a test set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func create(t *testing.T, o Options) *Writer {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "run"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func appendAll(t *testing.T, w *Writer, events ...Event) {
	t.Helper()
	for _, e := range events {
		if err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

func closeAndRead(t *testing.T, w *Writer) []Event {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := Read(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return j.Events
}

func TestWriterNumbersAndDatesEvents(t *testing.T) {
	c := newClock()
	w := create(t, Options{Clock: c.Now})
	appendAll(t, w, Event{Kind: RunStarted, Run: &RunInfo{ID: "r1", Target: json.RawMessage(`{"context":"dev"}`)}})
	c.advance(time.Second)
	appendAll(t, w, Event{Kind: Logged, Message: "a > b"})
	got := closeAndRead(t, w)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := []Event{
		{Sequence: 1, Time: start, Kind: RunStarted, Run: &RunInfo{ID: "r1", Target: json.RawMessage(`{"context":"dev"}`)}},
		{Sequence: 2, Time: start.Add(time.Second), Kind: Logged, Message: "a > b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	data, err := os.ReadFile(filepath.Join(w.Dir(), fileName))
	if err != nil || !strings.Contains(string(data), "a > b") {
		t.Errorf("the file must be readable by people, without HTML escapes: %s %v", data, err)
	}
}

func TestWriterKeepsFilesPrivate(t *testing.T) {
	w := create(t, Options{})
	for name, want := range map[string]os.FileMode{".": 0o700, fileName: 0o600, lockName: 0o600} {
		info, err := os.Stat(filepath.Join(w.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", name, got, want)
		}
	}
}

func TestCreateRefusesADirectoryWithAJournal(t *testing.T) {
	w := create(t, Options{})
	if _, err := Create(w.Dir(), Options{}); err == nil || err.Error() != "the run in "+w.Dir()+" is still going on; wait for it or stop it first" {
		t.Errorf("while it runs: got error %v", err)
	}
	closeAndRead(t, w)
	if _, err := Create(w.Dir(), Options{}); err == nil || err.Error() != w.Dir()+" already holds the journal of a run; choose an empty directory for this one" {
		t.Errorf("after it: got error %v", err)
	}
	if Live(w.Dir()) {
		t.Error("a refused Create must not keep the lock")
	}
}

func TestWriterThrottlesProgressInTheFileOnly(t *testing.T) {
	c := newClock()
	w := create(t, Options{Clock: c.Now})
	var shown []string
	next := make(chan struct{})
	w.Subscribe(func(e Event) {
		shown = append(shown, e.Message)
		next <- struct{}{}
	})
	progress := func(stepID, message string) {
		appendAll(t, w, Event{Kind: StepProgress, Scenario: "s", Step: stepID, Message: message})
		<-next
	}
	progress("a", "a1")
	progress("a", "a2")
	progress("b", "b1")
	c.advance(time.Second)
	progress("a", "a3")
	progress("a", "a4")
	appendAll(t, w, Event{Kind: StepFinished, Scenario: "s", Step: "a", Message: "a done"})
	<-next
	progress("a", "a5")
	var written []string
	for _, e := range closeAndRead(t, w) {
		written = append(written, e.Message)
	}
	if diff := cmp.Diff([]string{"a1", "b1", "a3", "a done", "a5"}, written); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a1", "a2", "b1", "a3", "a4", "a done", "a5"}, shown); diff != "" {
		t.Errorf("subscriber (-want +got):\n%s", diff)
	}
}

func TestSlowSubscriberMissesOvertakenProgressOnly(t *testing.T) {
	w := create(t, Options{})
	entered, release := make(chan struct{}), make(chan struct{})
	var shown []string
	w.Subscribe(func(e Event) {
		if e.Kind == RunStarted {
			close(entered)
			<-release
		}
		shown = append(shown, e.Message)
	})
	appendAll(t, w, Event{Kind: RunStarted, Message: "start"})
	<-entered
	for range 1000 { // must not block
		appendAll(t, w,
			Event{Kind: StepProgress, Scenario: "s", Step: "a", Message: "old"},
			Event{Kind: StepProgress, Scenario: "s", Step: "b", Message: "old"})
	}
	appendAll(t, w,
		Event{Kind: StepProgress, Scenario: "s", Step: "a", Message: "last of a"},
		Event{Kind: StepFinished, Scenario: "s", Step: "a", Message: "a done"},
		Event{Kind: StepProgress, Scenario: "s", Step: "b", Message: "last of b"},
		Event{Kind: RunFinished, Message: "end"})
	close(release)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"start", "last of a", "a done", "last of b", "end"}, shown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSecretsReachNeitherFileNorSubscriber(t *testing.T) {
	w := create(t, Options{})
	var shown []Event
	w.Subscribe(func(e Event) { shown = append(shown, e) })
	w.Mask("hunter22")
	appendAll(t, w,
		Event{Kind: RunStarted, Run: &RunInfo{Target: json.RawMessage(`{"token":"hunter22"}`)}},
		Event{Kind: StepFinished, Result: &Result{Message: "hunter22", Outputs: map[string]any{"body": []any{"hunter22"}}}},
		Event{Kind: UndoRecorded, Undo: &UndoInfo{ID: 1, Describe: "restore hunter22", Data: json.RawMessage(`"hunter22"`)}})
	read := closeAndRead(t, w)
	printed, err := json.Marshal(shown)
	if err != nil || strings.Contains(string(printed), "hunter22") || !strings.Contains(string(printed), "restore ***") {
		t.Errorf("subscribers got %s (%v)", printed, err)
	}
	if got := string(read[2].Undo.Data) + string(read[0].Run.Target); got != `"hunter22"{"token":"hunter22"}` {
		t.Errorf("undo data and target are needed as they are, got %s", got)
	}
	read[2].Undo.Data, read[0].Run.Target = nil, nil
	if rest, err := json.Marshal(read); err != nil || strings.Contains(string(rest), "hunter22") {
		t.Errorf("file holds %s (%v)", rest, err)
	}
}

func TestOutputsThatJSONCannotHoldDoNotLoseTheEvent(t *testing.T) {
	w := create(t, Options{})
	appendAll(t, w, Event{Kind: StepFinished, Step: "a", Result: &Result{Verdict: step.Passed, Outputs: map[string]any{"f": func() {}}}})
	got := closeAndRead(t, w)[0].Result
	want := &Result{Verdict: step.Passed, Outputs: map[string]any{"error": "outputs can't be written as JSON: json: unsupported type: func()"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClosedWriter(t *testing.T) {
	w := create(t, Options{})
	closeAndRead(t, w)
	if err := w.Append(Event{Kind: Logged}); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := w.AppendDurable(t.Context(), Event{Kind: Logged}); !errors.Is(err, ErrClosed) {
		t.Errorf("AppendDurable after Close: %v", err)
	}
	if err := w.Sync(t.Context()); err == nil || err.Error() != "journal of the run: the journal is closed" {
		t.Errorf("Sync after Close: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestConcurrentAppendsKeepOrder(t *testing.T) {
	w := create(t, Options{})
	var shown []int
	w.Subscribe(func(e Event) { shown = append(shown, e.Sequence) })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 50 {
				var err error
				if i%10 == 0 {
					err = w.AppendDurable(t.Context(), Event{Kind: UndoRecorded, Undo: &UndoInfo{ID: i}})
				} else {
					err = w.Append(Event{Kind: Logged})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	events := closeAndRead(t, w)
	written := make([]int, len(events))
	for i, e := range events {
		written[i] = e.Sequence
	}
	if len(written) != 400 || !slices.IsSorted(written) || !slices.Equal(written, shown) {
		t.Errorf("got %d events in the file and %d shown; want 400 each, in order", len(written), len(shown))
	}
}

func TestReopenGoesOnAfterATornLine(t *testing.T) {
	for _, tail := range []string{"", `{"seq":3,"kind":"step.fin`, `{"seq":3,"kind":"log"}`} {
		t.Run(tail, func(t *testing.T) {
			w := create(t, Options{})
			appendAll(t, w, Event{Kind: RunStarted}, Event{Kind: Logged})
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			addTail(t, w.Dir(), tail)
			again, err := Reopen(w.Dir(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			appendAll(t, again, Event{Kind: UndoFinished, Message: "cleaned"})
			events := closeAndRead(t, again)
			last := events[len(events)-1]
			if last.Message != "cleaned" || last.Sequence != len(events) {
				t.Errorf("got last event %+v of %d", last, len(events))
			}
		})
	}
}

func addTail(t *testing.T, dir, tail string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(dir, fileName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(tail); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopenRefusals(t *testing.T) {
	w := create(t, Options{})
	if _, err := Reopen(w.Dir(), Options{}); err == nil || err.Error() != "the run in "+w.Dir()+" is still going on; wait for it or stop it first" {
		t.Errorf("live run: %v", err)
	}
	empty := t.TempDir()
	if _, err := Reopen(empty, Options{}); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), empty+" holds no journal of a run: ") {
		t.Errorf("no run: %v", err)
	}
}

func TestWriterLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := create(t, Options{})
	w.Subscribe(func(Event) {})
	w.Subscribe(func(Event) {})
	appendAll(t, w, Event{Kind: RunStarted})
	closeAndRead(t, w)
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "run"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := Event{Kind: StepFinished, Scenario: "shop/web.scenario.yaml", Step: "web", Result: &Result{Verdict: step.Passed, Took: time.Second, Outputs: map[string]any{"ready": 3}}}
	for b.Loop() {
		if err := w.Append(e); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
