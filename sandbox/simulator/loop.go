package simulator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const (
	firstRetry   = 20 * time.Millisecond
	slowestRetry = 5 * time.Second
)

// loop is a small controller: it hands the keys of changed objects to a function, one key never twice at the same time.
type loop struct {
	name    string
	workers int
	synced  []cache.InformerSynced
	queue   workqueue.TypedRateLimitingInterface[string]
	// reconcile does the work for a key; errAgain asks for another call and is no failure.
	reconcile func(ctx context.Context, key string) error
}

func newLoop(name string, workers int, reconcile func(context.Context, string) error) *loop {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, slowestRetry)
	return &loop{name: name, workers: workers, queue: workqueue.NewTypedRateLimitingQueue(limiter), reconcile: reconcile}
}

// follow puts the keys that an informer's objects stand for into the queue.
func (l *loop) follow(informer cache.SharedIndexInformer, keys func(object any) []string) {
	add := func(object any) {
		for _, key := range keys(object) {
			l.queue.Add(key)
		}
	}
	// The handler can't be refused: the informer has not been stopped.
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
	})
	l.synced = append(l.synced, informer.HasSynced)
}

// run works until the context ends.
func (l *loop) run(ctx context.Context) {
	defer l.queue.ShutDown()
	if !cache.WaitForCacheSync(ctx.Done(), l.synced...) {
		return
	}
	var workers sync.WaitGroup
	for range l.workers {
		workers.Go(func() {
			for l.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	l.queue.ShutDown()
	workers.Wait()
}

func (l *loop) next(ctx context.Context) bool {
	key, closed := l.queue.Get()
	if closed {
		return false
	}
	defer l.queue.Done(key)
	err := l.reconcile(ctx, key)
	if err == nil {
		l.queue.Forget(key)
		return true
	}
	if !errors.Is(err, errAgain) && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "%s: %s: %v\n", l.name, key, err)
	}
	l.queue.AddRateLimited(key)
	return true
}
