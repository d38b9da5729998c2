package watch

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// store holds the newest known form of each object of a stream, by namespace so that a new waiter need not walk the
// whole cluster.
type store struct {
	namespaces map[string]map[string]*unstructured.Unstructured
	// gone remembers objects whose removal is known before the watch tells it, so that an event from before does not
	// bring them back.
	gone map[Key]types.UID
}

func newStore() *store {
	return &store{namespaces: map[string]map[string]*unstructured.Unstructured{}, gone: map[Key]types.UID{}}
}

func (s *store) get(key Key) *unstructured.Unstructured { return s.namespaces[key.Namespace][key.Name] }

// put takes object in unless something as new is there already, and reports whether it did.
func (s *store) put(object *unstructured.Unstructured) bool {
	key := KeyOf(object)
	if old := s.get(key); old != nil && !newer(object, old) {
		return false
	}
	if uid, ok := s.gone[key]; ok {
		if uid == object.GetUID() {
			return false
		}
		delete(s.gone, key)
	}
	if s.namespaces[key.Namespace] == nil {
		s.namespaces[key.Namespace] = map[string]*unstructured.Unstructured{}
	}
	s.namespaces[key.Namespace][key.Name] = object
	return true
}

// remove drops the object that last describes, unless a newer one has taken its name, and reports whether it did.
func (s *store) remove(last *unstructured.Unstructured) bool {
	key := KeyOf(last)
	if s.gone[key] == last.GetUID() {
		delete(s.gone, key)
	}
	old := s.get(key)
	if old == nil || old.GetUID() != last.GetUID() && newer(old, last) {
		return false
	}
	s.drop(key)
	return true
}

func (s *store) drop(key Key) {
	delete(s.namespaces[key.Namespace], key.Name)
	if len(s.namespaces[key.Namespace]) == 0 {
		delete(s.namespaces, key.Namespace)
	}
}

// each calls f for the objects of a namespace, or of all for "", in a stable order.
func (s *store) each(namespace string, f func(*unstructured.Unstructured)) {
	names := []string{namespace}
	if namespace == "" {
		names = slices.Sorted(maps.Keys(s.namespaces))
	}
	for _, name := range names {
		objects := s.namespaces[name]
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			f(objects[key])
		}
	}
}

func (s *store) len() int {
	n := 0
	for _, objects := range s.namespaces {
		n += len(objects)
	}
	return n
}

// newer reports whether a is a later form than b. Versions that are not numbers (some aggregated APIs) can't be
// compared; then what arrives later counts as later.
func newer(a, b *unstructured.Unstructured) bool {
	order, err := resourceversion.CompareResourceVersion(a.GetResourceVersion(), b.GetResourceVersion())
	if err != nil {
		return a.GetResourceVersion() != b.GetResourceVersion()
	}
	return order > 0
}

// after reports whether an object of version a was written after a list of version b was read: a write of ours that the
// list does not know yet.
func after(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order > 0
}

// past reports whether a watch that has come to version has told all there is of a form of that age.
func past(version, form string) bool {
	order, err := resourceversion.CompareResourceVersion(version, form)
	return err == nil && order >= 0
}

// light removes the managed fields: nobody evaluates them and they are half of an object.
func light(object *unstructured.Unstructured) *unstructured.Unstructured {
	if metadata, ok := object.Object["metadata"].(map[string]any); ok {
		delete(metadata, "managedFields")
	}
	return object
}

// lightCopy is light for an object that belongs to somebody else.
func lightCopy(object *unstructured.Unstructured) *unstructured.Unstructured {
	copied := &unstructured.Unstructured{Object: maps.Clone(object.Object)}
	if metadata, ok := copied.Object["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		delete(metadata, "managedFields")
		copied.Object["metadata"] = metadata
	}
	return copied
}

// sameVersion reports whether two forms of an object are the same state.
func sameVersion(a, b *unstructured.Unstructured) bool {
	return a.GetUID() == b.GetUID() && strings.Compare(a.GetResourceVersion(), b.GetResourceVersion()) == 0
}
