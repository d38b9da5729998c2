package watch

import (
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// maxKnown is how many objects a hub remembers; then it forgets all and begins anew.
const maxKnown = 50_000

// ErrStale says that a read gave a state from before what is known already. Servers read from the newest state, but a
// replica that lags or a cache on the way does not, and a verdict on such a state would be a lie.
var ErrStale = errors.New("the answer is from before what is known already")

// knowledge is what this process has read or written: the reads that come after must not be older.
type knowledge struct {
	mu      sync.Mutex
	objects map[knownKey]known
	newest  map[schema.GroupVersionResource]string
}

type knownKey struct {
	resource schema.GroupVersionResource
	key      Key
}

type known struct {
	version string
	removed types.UID // of the object that we have seen removed for good
}

func newKnowledge() *knowledge {
	return &knowledge{objects: map[knownKey]known{}, newest: map[schema.GroupVersionResource]string{}}
}

// learn notes that object exists in this form.
func (k *knowledge) learn(resource schema.GroupVersionResource, object *unstructured.Unstructured) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at, version := knownKey{resource, KeyOf(object)}, object.GetResourceVersion()
	if have := k.objects[at]; have.version == "" || after(version, have.version) {
		k.keep(at, known{version, have.removed})
	}
	if k.newest[resource] == "" || after(version, k.newest[resource]) {
		k.newest[resource] = version
	}
}

// learnRemoved notes that the object with this uid no longer exists.
func (k *knowledge) learnRemoved(resource schema.GroupVersionResource, key Key, uid types.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := knownKey{resource, key}
	k.keep(at, known{k.objects[at].version, uid})
}

func (k *knowledge) keep(at knownKey, what known) {
	if len(k.objects) >= maxKnown {
		clear(k.objects)
	}
	k.objects[at] = what
}

// outdates reports whether more is known of object than this form of it.
func (k *knowledge) outdates(resource schema.GroupVersionResource, object *unstructured.Unstructured) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	have := k.objects[knownKey{resource, KeyOf(object)}]
	return have.removed != "" && have.removed == object.GetUID() || after(have.version, object.GetResourceVersion())
}

// outdatesList reports whether something is known that happened after the version of a list.
func (k *knowledge) outdatesList(resource schema.GroupVersionResource, version string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return after(k.newest[resource], version)
}

// Fresh returns ErrStale when object, which was just read, is older than what was read, written or watched before.
func (h *Hub) Fresh(mapping discovery.Mapping, object *unstructured.Unstructured) error {
	stale := h.known.outdates(mapping.GVR(), object)
	for _, s := range h.concerned(mapping, object.GetNamespace()) {
		stale = stale || s.outdates(object)
	}
	if stale {
		return fmt.Errorf("%w: %s %s at version %s", ErrStale, mapping.Kind, object.GetName(), object.GetResourceVersion())
	}
	return nil
}

// FreshList is Fresh for a list. A list that still holds an object which is known to be gone is old, too.
func (h *Hub) FreshList(mapping discovery.Mapping, namespace string, list List) error {
	stale := h.known.outdatesList(mapping.GVR(), list.ResourceVersion)
	for _, s := range h.concerned(mapping, namespace) {
		stale = stale || s.outdatesList(list.ResourceVersion)
	}
	if stale {
		return fmt.Errorf("%w: the list of %s at version %s", ErrStale, mapping, list.ResourceVersion)
	}
	for _, object := range list.Items {
		if h.known.outdates(mapping.GVR(), object) {
			return fmt.Errorf("%w: the list of %s at version %s holds %s as it was", ErrStale, mapping, list.ResourceVersion, object.GetName())
		}
	}
	return nil
}

func (s *stream) outdates(object *unstructured.Unstructured) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.store.get(KeyOf(object))
	return have != nil && after(have.GetResourceVersion(), object.GetResourceVersion())
}

func (s *stream) outdatesList(version string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return after(s.version, version)
}
