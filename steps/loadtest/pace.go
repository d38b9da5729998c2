package loadtest

import (
	"context"
	"sync"
	"time"
)

// noticeable is how late a request may leave before this machine is to blame for what is measured.
const noticeable = 100 * time.Millisecond

// pace sends requests when they are due, whether or not earlier ones have been answered: a server that is slow gets no
// fewer of them, and the time of each counts from when it was due. It returns when all have been answered or ctx ends.
func pace(ctx context.Context, stages []Stage, inFlight int, t *tally, send func(ctx context.Context, index int, due time.Time)) {
	var sent sync.WaitGroup
	defer sent.Wait()
	start, room, index := time.Now(), make(chan struct{}, inFlight), -1
	timer := time.NewTimer(0)
	defer timer.Stop()
	for offset := range schedule(stages) {
		due := start.Add(offset)
		index++
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		t.start(time.Since(due) > noticeable)
		select {
		case room <- struct{}{}:
		default:
			t.add(outcome{failure: "not sent, because too many others were not answered yet"})
			continue
		}
		n := index
		sent.Go(func() {
			defer func() { <-room }()
			send(ctx, n, due)
		})
	}
}
