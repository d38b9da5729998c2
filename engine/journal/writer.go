package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	fileName = "journal.jsonl"
	// progressInterval is the least time between two progress events of a step in the file. Subscribers see them all.
	progressInterval = time.Second
)

// ErrClosed says that an event came after Close.
var ErrClosed = errors.New("the journal is closed")

// Options are what a Writer needs from its surroundings.
type Options struct {
	Clock  func() time.Time // nil means time.Now
	Masker *Masker          // nil means one of its own
}

// Writer appends to the journal of a run and holds the lock of its directory. All methods may be called from several
// goroutines at once.
type Writer struct {
	dir     string
	clock   func() time.Time
	masker  *Masker
	lock    *os.File
	file    *os.File
	commits *committer

	mu       sync.Mutex
	line     bytes.Buffer
	size     int64
	sequence int
	closed   bool
	broken   error
	written  map[stepKey]time.Time // when a progress of a running step was last written
	queues   []*queue
}

// Dir returns the run directory.
func (w *Writer) Dir() string { return w.dir }

// Mask hides secret in everything that is written from now on.
func (w *Writer) Mask(secret string) { w.masker.Add(secret) }

// Masker returns what hides the secrets of the run, for those who write something beside the journal.
func (w *Writer) Masker() *Masker { return w.masker }

// Subscribe calls sink for each event that follows, one after the other, in a goroutine of its own. A sink that is slow
// misses progress that was overtaken by newer progress of the same step, and nothing else.
func (w *Writer) Subscribe(sink func(Event)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.queues = append(w.queues, newQueue(sink))
	}
}

// Append writes e. It sets Sequence and Time; neither e nor what it points to may be changed afterwards. Numbers have
// gaps where progress was shown but not written.
func (w *Writer) Append(e Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	w.sequence++
	e.Sequence, e.Time = w.sequence, w.clock().UTC().Round(0)
	if w.masker.active() {
		e = MapStrings(e, w.masker.Mask)
	}
	shown := public(e)
	for _, q := range w.queues {
		q.push(shown)
	}
	if w.isTooSoon(e) {
		return nil
	}
	return w.write(e)
}

// AppendDurable writes e and returns when it is on the disk. When ctx ends while it waits for the disk, the event is in
// the journal all the same.
func (w *Writer) AppendDurable(ctx context.Context, e Event) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := w.Append(e); err != nil {
		return err
	}
	return w.Sync(ctx)
}

// Sync returns when everything that was appended is on the disk.
func (w *Writer) Sync(ctx context.Context) error {
	if err := w.commits.commit(ctx); err != nil {
		return fmt.Errorf("journal of the run: %w", err)
	}
	return nil
}

// Close waits for the subscribers to take what is left, brings the journal to the disk and unlocks the run directory.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.mu.Unlock()
	for _, q := range w.queues {
		q.close()
	}
	return errors.Join(w.commits.close(), w.file.Close(), w.lock.Close())
}

// isTooSoon says whether e is progress that follows a written one too closely, and keeps the books of that.
func (w *Writer) isTooSoon(e Event) bool {
	key := stepKey{e.Scenario, e.Step}
	switch e.Kind {
	case StepProgress:
		// A clock that was set back makes the time since then negative, which must not silence a step until it has caught up.
		if last, ok := w.written[key]; ok && e.Time.Sub(last).Abs() < progressInterval {
			return true
		}
		w.written[key] = e.Time
	case StepFinished:
		delete(w.written, key)
	}
	return false
}

func (w *Writer) write(e Event) error {
	if w.broken != nil {
		return w.broken
	}
	if err := w.encode(e); err != nil {
		return fmt.Errorf("journal of the run: %w", err)
	}
	n, err := w.file.Write(w.line.Bytes())
	if err == nil {
		w.size += int64(n)
		return nil
	}
	err = fmt.Errorf("journal of the run: %w", err)
	if n > 0 {
		// Half a line in the middle would make the rest unreadable, so it goes, or nothing more is written.
		if cut := w.file.Truncate(w.size); cut != nil {
			w.broken = errors.Join(err, cut)
		}
	}
	return err
}

// encode puts the line of e into w.line. Outputs that JSON can't hold are left out rather than losing the event.
func (w *Writer) encode(e Event) error {
	err := w.encodeLine(e)
	if err == nil || e.Result == nil || e.Result.Outputs == nil {
		return err
	}
	result := *e.Result
	result.Outputs = map[string]any{"error": fmt.Sprintf("outputs can't be written as JSON: %v", err)}
	e.Result = &result
	return w.encodeLine(e)
}

func (w *Writer) encodeLine(e Event) error {
	w.line.Reset()
	encoder := json.NewEncoder(&w.line)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(e)
}

// public returns e without the parts that are never masked.
func public(e Event) Event {
	if e.Undo != nil && e.Undo.Data != nil {
		undo := *e.Undo
		undo.Data = nil
		e.Undo = &undo
	}
	if e.Run != nil && e.Run.Target != nil {
		run := *e.Run
		run.Target = nil
		e.Run = &run
	}
	return e
}
