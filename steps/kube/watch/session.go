package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

const (
	// watchTime is how long the server is asked to keep a watch; it then closes it and we go on where it ended.
	watchTime = 9 * time.Minute
	// streamedListTries is how often a streamed list may end before it is complete until pages are tried.
	streamedListTries = 4
	// listPage is how many objects a page of a list holds.
	listPage = 500
	// initialEventsEnd marks the bookmark after the first state of a streamed list.
	initialEventsEnd = "k8s.io/initial-events-end"
)

var (
	errExpired  = errors.New("the version to go on from is too old")
	errNoStream = errors.New("the server does not stream lists")
	errSilent   = errors.New("the watch said nothing for too long")
)

// run keeps the stream alive until the hub ends, nobody needs it or the server refuses it.
func (s *stream) run() {
	for s.life.Err() == nil {
		began := time.Now()
		err := s.session()
		switch {
		case s.life.Err() != nil:
		case errors.Is(err, errNoStream):
			s.hub.listFirst.Store(true)
		case errors.Is(err, ErrStale):
			s.pause(err, began)
		case errors.Is(err, errExpired):
			s.resumeAt("")
			s.pause(err, began)
		case err == nil:
			// The server ends watches as a matter of course; one that ends at once every time must not make us spin.
			s.pause(io.EOF, began)
		case s.fatal(err):
			s.fail(&refusal{s.describe(), err})
			return
		default:
			s.pause(err, began)
		}
	}
	s.fail(errClosed)
}

// fatal reports whether err is an answer rather than an accident.
func (s *stream) fatal(err error) bool {
	var unreachable *client.Unreachable
	if errors.As(err, &unreachable) {
		return true
	}
	// A server that has served this watch before and now answers 500 is in trouble; that is no answer about the watch.
	if s.isSynced() && apierrors.IsInternalError(err) {
		err = client.Again(err)
	}
	return s.backoff.Exhausted(err)
}

func (s *stream) isSynced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced
}

// pause waits before the next session; not at all after one that lived long enough.
func (s *stream) pause(err error, began time.Time) {
	if time.Since(began) > 5*time.Second && client.RetryAfter(err) == 0 {
		s.backoff.Reset()
		return
	}
	wait := s.backoff.Failed(err)
	if client.Refused(err) {
		s.mu.Lock()
		s.trouble = &client.Silent{Attempts: s.backoff.Failures(), Last: err}
		s.mu.Unlock()
	}
	_ = client.Wait(s.life, wait) // the loop looks at the life of the stream itself
}

func (s *stream) describe() string {
	if s.scope.namespace == "" {
		return s.mapping.String()
	}
	return s.mapping.String() + " in namespace " + s.scope.namespace
}

// session reads the state if needed and follows the watch until it ends.
func (s *stream) session() error {
	if s.version != "" {
		return s.watch(url.Values{"resourceVersion": {s.version}}, nil)
	}
	s.hub.relists.Add(1)
	if s.hub.listFirst.Load() {
		if err := s.list(); err != nil {
			return err
		}
		return s.watch(url.Values{"resourceVersion": {s.version}}, nil)
	}
	first := map[Key]*unstructured.Unstructured{}
	err := s.watch(url.Values{"sendInitialEvents": {"true"}, "resourceVersionMatch": {"NotOlderThan"}}, first)
	if s.version == "" && (apierrors.IsInvalid(err) || apierrors.IsBadRequest(err)) {
		return errNoStream
	}
	if s.version == "" && err == nil {
		if s.broken++; s.broken >= streamedListTries {
			return errNoStream
		}
	}
	return err
}

// list reads the state in pages.
func (s *stream) list() error {
	state := map[Key]*unstructured.Unstructured{}
	query := url.Values{"limit": {strconv.Itoa(listPage)}}
	for {
		response, err := s.hub.api.Do(s.life, client.Request{Method: http.MethodGet, Path: s.mapping.Path(s.scope.namespace, ""), Query: query})
		if apierrors.IsResourceExpired(err) && query.Has("continue") {
			return errExpired
		}
		if err != nil {
			return err
		}
		page, err := ParseList(s.mapping, response.Body)
		if err != nil {
			return err
		}
		for _, object := range page.Items {
			state[KeyOf(object)] = light(object)
		}
		if page.Continue == "" {
			if err := s.current(page.ResourceVersion); err != nil {
				return err
			}
			s.replace(state, page.ResourceVersion)
			return nil
		}
		query.Set("continue", page.Continue)
	}
}

// watch opens a watch and reads it to its end. first collects the state of a streamed list, nil when the state is known.
func (s *stream) watch(query url.Values, first map[Key]*unstructured.Unstructured) error {
	query.Set("watch", "true")
	query.Set("allowWatchBookmarks", "true")
	query.Set("timeoutSeconds", strconv.Itoa(int(watchTime.Seconds())))
	ctx, cancel := context.WithCancelCause(s.life)
	defer cancel(nil)
	silence := time.AfterFunc(s.hub.options.Silence, func() { cancel(errSilent) })
	defer silence.Stop()
	s.hub.opened.Add(1)
	body, err := s.hub.api.Stream(ctx, client.Request{Method: http.MethodGet, Path: s.mapping.Path(s.scope.namespace, ""), Query: query})
	if err != nil {
		return watchError(ctx, err)
	}
	defer body.Close()
	s.turn(first == nil)
	defer s.turn(false)
	frames := json.NewDecoder(body)
	for {
		var frame event
		if err := frames.Decode(&frame); err != nil {
			return watchError(ctx, err)
		}
		silence.Reset(s.hub.options.Silence)
		if err := s.handle(frame, &first); err != nil {
			return err
		}
	}
}

// watchError turns the end of a watch into what it means: nil for a regular end.
func watchError(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return nil
	case errors.Is(err, io.EOF):
		return nil
	case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
		return errExpired
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		// A proxy that dies in the middle of an event leaves half of one.
		return fmt.Errorf("%w: half an event: %w", io.ErrUnexpectedEOF, syntax)
	}
	return err
}

// current returns ErrStale when a full state of that version is older than what is known.
func (s *stream) current(version string) error {
	if s.hub.known.outdatesList(s.scope.resource, version) {
		return fmt.Errorf("%w: the state of %s at version %s", ErrStale, s.mapping, version)
	}
	return nil
}

// event is one frame of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// handle takes one frame in. *first becomes nil when the first state is complete.
func (s *stream) handle(frame event, first *map[Key]*unstructured.Unstructured) error {
	if frame.Type == "ERROR" {
		return frameError(frame.Object)
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(frame.Object, &object.Object); err != nil {
		return fmt.Errorf("%w: unreadable event: %w", io.ErrUnexpectedEOF, err)
	}
	light(object)
	if frame.Type == "BOOKMARK" {
		if *first != nil && object.GetAnnotations()[initialEventsEnd] == "true" {
			if err := s.current(object.GetResourceVersion()); err != nil {
				return err
			}
			s.replace(*first, object.GetResourceVersion())
			*first = nil
			s.turn(true)
		} else if *first == nil {
			s.resumeAt(object.GetResourceVersion())
		}
		return nil
	}
	s.hub.event.Add(1)
	if *first != nil {
		if frame.Type == "DELETED" {
			delete(*first, KeyOf(object))
		} else {
			(*first)[KeyOf(object)] = object
		}
		return nil
	}
	s.backoff.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = object.GetResourceVersion()
	if frame.Type == "DELETED" {
		s.remove(object, false)
	} else {
		s.upsert(object, false)
	}
	return nil
}

// frameError reads the Status that a watch ends with.
func frameError(data []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(data, &status); err != nil {
		return fmt.Errorf("%w: unreadable error event: %w", io.ErrUnexpectedEOF, err)
	}
	err := &apierrors.StatusError{ErrStatus: status}
	if status.Code == http.StatusGone || apierrors.IsResourceExpired(err) {
		return errExpired
	}
	return err
}
