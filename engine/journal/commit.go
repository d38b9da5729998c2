package journal

import (
	"context"
	"sync"
)

// committer brings what was written to the disk. All who wait while the disk is busy share the next sync: with many
// scenarios starting at once, one sync each would be most of their time.
type committer struct {
	sync func() error
	wake chan struct{} // holds one token: somebody waits, or the end
	done chan struct{}

	mu      sync.Mutex
	waiting []chan error
	ended   bool
	broken  error // of the first sync that failed; the system may have dropped the data, so no later one can be believed
}

func newCommitter(sync func() error) *committer {
	c := &committer{sync: sync, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go c.run()
	return c
}

// commit returns when everything that was written before the call is on the disk.
func (c *committer) commit(ctx context.Context) error {
	answer := make(chan error, 1)
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return ErrClosed
	}
	c.waiting = append(c.waiting, answer)
	c.mu.Unlock()
	c.signal()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// close syncs a last time and waits until everybody has an answer.
func (c *committer) close() error {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.signal()
	<-c.done
	return c.broken
}

func (c *committer) run() {
	defer close(c.done)
	for range c.wake {
		c.mu.Lock()
		waiting, ended := c.waiting, c.ended
		c.waiting = nil
		c.mu.Unlock()
		if c.broken == nil {
			c.broken = c.sync()
		}
		for _, answer := range waiting {
			answer <- c.broken
		}
		if ended {
			return
		}
	}
}
