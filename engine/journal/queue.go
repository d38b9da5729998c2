package journal

import "sync"

// queue carries events to one subscriber in a goroutine of its own, so that a slow terminal never holds a run up. It
// has no bound, but it can't grow without one either: of the progress events of a step, which are the many, only the
// last is kept until the subscriber takes it. All other events arrive, in order.
type queue struct {
	sink func(Event)
	wake chan struct{} // holds one token: something is pending, or the end
	done chan struct{}

	mu      sync.Mutex
	pending []Event
	latest  map[stepKey]int // where in pending the progress of a step waits
	ended   bool
}

// stepKey names a step in a run.
type stepKey struct{ scenario, step string }

func newQueue(sink func(Event)) *queue {
	q := &queue{sink: sink, wake: make(chan struct{}, 1), done: make(chan struct{}), latest: map[stepKey]int{}}
	go q.deliver()
	return q
}

func (q *queue) push(e Event) {
	q.mu.Lock()
	if e.Kind == StepProgress {
		key := stepKey{e.Scenario, e.Step}
		if i, waiting := q.latest[key]; waiting {
			q.pending[i].Kind = "" // overtaken
		}
		q.latest[key] = len(q.pending)
	}
	q.pending = append(q.pending, e)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close delivers what is pending and waits for the subscriber to return.
func (q *queue) close() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.signal()
	<-q.done
}

func (q *queue) deliver() {
	defer close(q.done)
	for range q.wake {
		batch, ended := q.take()
		for _, e := range batch {
			if e.Kind != "" {
				q.sink(e)
			}
		}
		if ended {
			return
		}
	}
}

func (q *queue) take() (batch []Event, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, q.pending = q.pending, nil
	clear(q.latest)
	return batch, q.ended
}
