package journal

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

func TestCallersShareASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs := 0
		release := make(chan struct{})
		c := newCommitter(func() error {
			syncs++
			<-release
			return nil
		})
		var group sync.WaitGroup
		commit := func() {
			if err := c.commit(t.Context()); err != nil {
				t.Error(err)
			}
		}
		group.Go(commit)
		synctest.Wait() // the first sync has begun: it may not serve those who come now
		for range 100 {
			group.Go(commit)
		}
		synctest.Wait()
		close(release)
		group.Wait()
		if syncs != 2 {
			t.Errorf("101 callers needed %d syncs, want 2: one for the first, one for all others", syncs)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCommitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newCommitter(func() error { <-release; return nil })
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("interrupted")
		cancel(stop)
		if err := c.commit(ctx); !errors.Is(err, stop) {
			t.Errorf("got %v, want the cause of the cancellation", err)
		}
		close(release)
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedSyncIsNeverForgotten(t *testing.T) {
	full := errors.New("no space left on device")
	answers := []error{full, nil}
	c := newCommitter(func() error {
		err := answers[0]
		answers = answers[1:]
		return err
	})
	for range 2 {
		if err := c.commit(t.Context()); !errors.Is(err, full) {
			t.Errorf("got %v, want %v: what a failed sync lost does not come back with a later one", err, full)
		}
	}
	if err := c.close(); !errors.Is(err, full) {
		t.Errorf("close: got %v", err)
	}
}

func TestAppendDurableDoesNotWriteForAnEndedContext(t *testing.T) {
	w := create(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.AppendDurable(ctx, Event{Kind: UndoRecorded, Undo: &UndoInfo{ID: 1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if events := closeAndRead(t, w); len(events) != 0 {
		t.Errorf("got %d events, want none: the change will not be made", len(events))
	}
}
