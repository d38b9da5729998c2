package action

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	relistFirstDelay = 50 * time.Millisecond
	relistMostDelay  = 5 * time.Second
)

// collection is a set of objects that can be listed and watched.
type collection struct {
	name    string
	options metav1.ListOptions
	list    func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error)
	watch   func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)
}

// verdict looks at all objects of a collection; progress is what a timeout will report.
type verdict func(objects map[types.UID]runtime.Object) (done bool, progress string, err error)

// until lists and then watches the collection until judge is content. A watch that the
// server closes is taken up again from a new list, so nothing that lasts is missed. An
// error that will not go away by waiting ends it at once.
func (c collection) until(ctx context.Context, judge verdict) error {
	last := "nothing was seen of the " + c.name
	delay := relistFirstDelay
	for {
		done, progress, err := c.follow(ctx, judge)
		if progress != "" {
			last, delay = progress, relistFirstDelay
		}
		switch {
		case done:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("not healthy in time: %s", last)
		case err != nil && !transient(err):
			return err
		case err != nil:
			last = err.Error()
		}
		if err := pause(ctx, delay); err != nil {
			return fmt.Errorf("not healthy in time: %s", last)
		}
		delay = min(2*delay, relistMostDelay)
	}
}

// follow judges one list and the events after it, and returns when the watch ends.
func (c collection) follow(ctx context.Context, judge verdict) (done bool, progress string, err error) {
	list, err := c.list(ctx, c.options)
	if err != nil {
		return false, "", fmt.Errorf("list the %s: %w", c.name, err)
	}
	objects, version, err := index(list)
	if err != nil {
		return false, "", fmt.Errorf("read the list of the %s: %w", c.name, err)
	}
	if done, progress, err = judge(objects); done || err != nil {
		return done, progress, err
	}
	options := c.options
	options.ResourceVersion = version
	events, err := c.watch(ctx, options)
	if err != nil {
		return false, progress, fmt.Errorf("watch the %s: %w", c.name, err)
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		if event.Type == watch.Error {
			return false, progress, apierrors.FromObject(event.Object)
		}
		if err := keep(objects, event); err != nil {
			return false, progress, err
		}
		if done, progress, err = judge(objects); done || err != nil {
			return done, progress, err
		}
	}
	return false, progress, nil
}

// index sorts the items of a list by their identity.
func index(list runtime.Object) (map[types.UID]runtime.Object, string, error) {
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, "", err
	}
	objects := make(map[types.UID]runtime.Object, len(items))
	for _, item := range items {
		object, err := meta.Accessor(item)
		if err != nil {
			return nil, "", err
		}
		objects[object.GetUID()] = item
	}
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return nil, "", err
	}
	return objects, accessor.GetResourceVersion(), nil
}

// keep brings the objects up to date with an event.
func keep(objects map[types.UID]runtime.Object, event watch.Event) error {
	object, err := meta.Accessor(event.Object)
	if err != nil {
		return fmt.Errorf("read a watch event: %w", err)
	}
	if event.Type == watch.Deleted {
		delete(objects, object.GetUID())
	} else {
		objects[object.GetUID()] = event.Object
	}
	return nil
}

// transient reports whether asking again may help: the server is overloaded or away, or
// the connection broke. Whatever the server refuses for good, such as a missing
// permission, is not, and neither is what a verdict says.
func transient(err error) bool {
	var connection *url.Error
	return apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) ||
		apierrors.IsTimeout(err) || apierrors.IsInternalError(err) || apierrors.IsGone(err) ||
		apierrors.IsResourceExpired(err) || errors.As(err, &connection)
}
