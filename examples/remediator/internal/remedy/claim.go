package remedy

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// claims remembers what is being worked on and what was worked on lately.
type claims struct {
	mu   sync.Mutex
	held map[string]claim
}

// claim is the hold of one entry on one key.
type claim struct {
	entry string
	// until is when the cooldown ends; zero means that the action is still in progress.
	until time.Time
}

// newClaims returns claims with nothing held.
func newClaims() *claims { return &claims{held: make(map[string]claim)} }

// obstacle is a claim that stands in the way.
type obstacle struct {
	key, entry, reason string
}

// take claims all keys for an entry, or none of them and says what stands in the way.
func (c *claims) take(keys []string, entry string) *obstacle {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if found := c.find(key); found != nil {
			return found
		}
	}
	for _, key := range keys {
		c.held[key] = claim{entry: entry}
	}
	return nil
}

// standing returns the claim on a key, nil when there is none.
func (c *claims) standing(key string) *obstacle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(key)
}

// find returns the claim on a key, after those that are over have been forgotten. It needs the lock.
func (c *claims) find(key string) *obstacle {
	now := time.Now()
	maps.DeleteFunc(c.held, func(_ string, held claim) bool { return !held.until.IsZero() && !now.Before(held.until) })
	held, found := c.held[key]
	switch {
	case found && held.until.IsZero():
		return &obstacle{key, held.entry, fmt.Sprintf("%s: action %s is in progress", key, held.entry)}
	case found:
		left := held.until.Sub(now).Round(time.Millisecond)
		return &obstacle{key, held.entry, fmt.Sprintf("%s: action %s ended recently, the cooldown lasts %s more", key, held.entry, left)}
	}
	return nil
}

// release ends the work on the keys and starts their cooldown.
func (c *claims) release(keys []string, cooldown time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if cooldown <= 0 {
			delete(c.held, key)
			continue
		}
		held := c.held[key]
		held.until = time.Now().Add(cooldown)
		c.held[key] = held
	}
}

// restore takes over the cooldown that an earlier process has left on a key.
func (c *claims) restore(key, entry string, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held, found := c.held[key]; !found || held.until.Before(until) {
		c.held[key] = claim{entry: entry, until: until}
	}
}
