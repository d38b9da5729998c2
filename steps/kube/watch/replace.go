package watch

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// replace takes a full state over: the first one starts the waiters, a later one delivers the difference and tells
// those who want every event that some may be missing.
func (s *stream) replace(state map[Key]*unstructured.Unstructured, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backoff.Reset()
	s.version = version
	if !s.synced {
		s.start(state)
		return
	}
	var lost []*unstructured.Unstructured
	s.store.each("", func(object *unstructured.Unstructured) {
		now := state[KeyOf(object)]
		if (now == nil || now.GetUID() != object.GetUID()) && !after(object.GetResourceVersion(), version) {
			lost = append(lost, object)
		}
	})
	for _, object := range lost {
		s.remove(object, true)
	}
	s.store.gone = newStore().gone
	ordered := newStore()
	for _, object := range state {
		ordered.put(object)
	}
	ordered.each("", func(object *unstructured.Unstructured) {
		if old := s.store.get(KeyOf(object)); old == nil || !sameVersion(old, object) {
			s.upsert(object, true)
		}
	})
	s.tellGap(version)
}

// start fills the store for the first time; s.mu is held.
func (s *stream) start(state map[Key]*unstructured.Unstructured) {
	for _, object := range state {
		s.store.put(object)
	}
	for _, object := range s.early {
		if s.store.get(KeyOf(object)) == nil && past(s.version, object.GetResourceVersion()) {
			continue // it was removed before the state was read, and nothing would remove it again
		}
		s.store.put(object)
	}
	s.early = nil
	s.synced = true
	s.everyone(s.begin)
}

// tellGap marks the interruption for waiters that want every event; s.mu is held.
func (s *stream) tellGap(version string) {
	gap := change{gap: true, version: version, at: time.Now()}
	s.everyone(func(sub *subscription) {
		if sub.query.EveryEvent {
			sub.offer(gap)
		}
	})
}

// List is a page of objects.
type List struct {
	Items           []*unstructured.Unstructured
	ResourceVersion string
	Continue        string
}

// ParseList reads the answer to a list request. Items of built-in kinds come without kind and apiVersion; they get them.
func ParseList(mapping discovery.Mapping, body []byte) (List, error) {
	var raw map[string]any
	if err := utiljson.Unmarshal(body, &raw); err != nil {
		return List{}, fmt.Errorf("read the list of %s: %w", mapping, err)
	}
	if kind, _ := raw["kind"].(string); !strings.HasSuffix(kind, "List") {
		return List{}, fmt.Errorf("read the list of %s: the server answered with a %q instead of a list", mapping, kind)
	}
	metadata, _ := raw["metadata"].(map[string]any)
	items, _ := raw["items"].([]any)
	list := List{Items: make([]*unstructured.Unstructured, 0, len(items))}
	list.ResourceVersion, _ = metadata["resourceVersion"].(string)
	list.Continue, _ = metadata["continue"].(string)
	for _, item := range items {
		content, ok := item.(map[string]any)
		if !ok {
			return List{}, fmt.Errorf("read the list of %s: an item is not an object", mapping)
		}
		object := &unstructured.Unstructured{Object: content}
		if object.GetKind() == "" {
			object.SetGroupVersionKind(mapping.GVK())
		}
		list.Items = append(list.Items, object)
	}
	return list, nil
}
