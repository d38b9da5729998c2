package observe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// longestLine is how much of one line is read; the rest of it is left out.
const longestLine = 256 << 10

// follower reads the logs of a changing set of containers while somebody watches them.
type follower struct {
	feed  *logsFeed
	lines *lines
	wake  chan struct{} // holds one token when there is something new
	ended chan error    // why the set of containers can't be followed any more

	running sync.WaitGroup
	mu      sync.Mutex
	begun   bool               // the first state of the pods was seen
	open    map[container]bool // every container whose log was ever opened
	active  map[container]bool // those that run, as of the last state
}

// Watch follows the logs. Lines add up, so every state is in the last one and every makes no difference.
func (f *logsFeed) Watch(ctx context.Context, _ bool, see func(Look) (bool, error)) error {
	ctx, stop := context.WithCancel(ctx)
	w := &follower{
		feed: f, lines: &lines{feed: f}, wake: make(chan struct{}, 1), ended: make(chan error, 1),
		open: map[container]bool{}, active: map[container]bool{},
	}
	defer w.running.Wait()
	defer stop()
	w.running.Go(func() {
		if err := w.followPods(ctx); err != nil {
			w.end(err)
		}
	})
	for {
		if done, err := see(w.lines.look()); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-w.ended:
			return err
		case <-w.wake:
		}
	}
}

// followPods opens the logs of the pods that there are and of those that come.
func (w *follower) followPods(ctx context.Context) error {
	var query *kube.Query
	if err := w.owner(ctx, &query); err != nil {
		return err
	}
	return w.feed.target.Watch(ctx, *query, func(shot kube.Snapshot) (bool, error) {
		w.update(ctx, shot.Objects)
		return false, nil
	})
}

// owner waits until the thing to which the pods belong exists.
func (w *follower) owner(ctx context.Context, query **kube.Query) error {
	found, err := w.feed.query(nil)
	if err != nil || found != nil {
		*query = found
		return err
	}
	return w.feed.target.Watch(ctx, w.feed.owner, func(shot kube.Snapshot) (bool, error) {
		found, err := w.feed.query(shot.Object)
		*query = found
		if found == nil && err == nil {
			w.mu.Lock()
			w.begun = true // pods of something that does not exist yet can't be too old
			w.mu.Unlock()
		}
		return found != nil, err
	})
}

func (w *follower) update(ctx context.Context, pods []*unstructured.Unstructured) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.active)
	for _, pod := range pods {
		for _, c := range containersOf(pod, w.feed.config.Container) {
			w.active[c.container] = c.running
			if w.open[c.container] {
				continue
			}
			w.open[c.container] = true
			atStart := !w.begun
			w.running.Go(func() { w.follow(ctx, c.container, atStart) })
		}
	}
	w.begun = true
}

func (w *follower) isActive(c container) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active[c]
}

// follow reads the log of one container to its end; a connection that breaks is made again where it broke.
func (w *follower) follow(ctx context.Context, c container, atStart bool) {
	backoff := client.NewBackoff(client.Policy{})
	var last time.Time
	for ctx.Err() == nil {
		values := w.feed.opening(atStart)
		if !last.IsZero() {
			values = w.feed.opening(false)
			values.Set("sinceTime", last.Format(time.RFC3339))
		}
		values.Set("follow", "true")
		before := last
		body, err := w.feed.target.Cluster.Stream(ctx, w.feed.request(c, values))
		if err == nil {
			last, err = w.read(body, c, before)
		}
		if err == nil && !w.isActive(c) || kube.IsNotFound(err) {
			return
		}
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			w.end(fmt.Errorf("logs of pod %s: %w", c.pod, err))
			return
		}
		if last.After(before) {
			backoff.Reset()
		}
		if client.Wait(ctx, backoff.Failed(err)) != nil {
			return
		}
	}
}

// end tells the watcher the first reason why it can't go on.
func (w *follower) end(err error) {
	select {
	case w.ended <- err:
	default:
	}
}

// read takes over lines until the stream ends and returns the time of the last one. Lines up to after were read before.
func (w *follower) read(body io.ReadCloser, c container, after time.Time) (time.Time, error) {
	defer body.Close()
	reader := bufio.NewReaderSize(body, 64<<10)
	last := after
	for {
		line, err := readLine(reader)
		if line != "" {
			if at, _ := splitTime(line); after.IsZero() || at.After(after) {
				last = at
				if w.lines.add(c, line) {
					w.signal()
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
	}
}

// readLine reads one line without its end. What is longer than longestLine is cut.
func readLine(reader *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := reader.ReadSlice('\n')
		if room := longestLine - len(line); room > 0 {
			line = append(line, part[:min(len(part), room)]...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		return string(line), err
	}
}

func (w *follower) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
