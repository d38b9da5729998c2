package watch

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// Query says which objects a subscription is about.
type Query struct {
	Mapping   discovery.Mapping
	Namespace string // "" means all namespaces, or a kind that has none
	Name      string // "" means all objects that the selectors match
	Labels    labels.Selector
	Fields    fields.Selector
	// EveryEvent delivers each state in order instead of the latest one, for claims about always and never.
	EveryEvent bool
}

// Snapshot is a state of what a query is about. Objects are shared with the hub and other waiters: read only.
type Snapshot struct {
	// Object is the named object, nil while it does not exist. Nil for queries without a name.
	Object *unstructured.Unstructured
	// Objects are all that match, sorted by namespace and name.
	Objects []*unstructured.Unstructured
	// ResourceVersion is that of the change that led here, or that of the whole list at first.
	ResourceVersion string
	// Changed is the object whose change led here, in its last form if it was removed. Nil at first and after a gap.
	Changed *unstructured.Unstructured
	// Deleted says that Changed was removed, or no longer matches.
	Deleted bool
	// Gap says that the watch was interrupted so that states before this one may have been missed.
	Gap bool
	// At is when the change arrived.
	At time.Time
}

// Key identifies an object of one resource.
type Key struct{ Namespace, Name string }

// KeyOf returns the key of object.
func KeyOf(object *unstructured.Unstructured) Key {
	return Key{object.GetNamespace(), object.GetName()}
}

// String is namespace/name, or the name alone.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

func (q Query) key() Key {
	if !q.Mapping.Namespaced {
		return Key{Name: q.Name}
	}
	return Key{q.Namespace, q.Name}
}

// Matches reports whether object is one that the query is about.
func (q Query) Matches(object *unstructured.Unstructured) bool {
	switch {
	case object == nil:
		return false
	case q.Mapping.Namespaced && q.Namespace != "" && object.GetNamespace() != q.Namespace:
		return false
	case q.Name != "" && object.GetName() != q.Name:
		return false
	case q.Labels != nil && !q.Labels.Matches(labels.Set(object.GetLabels())):
		return false
	}
	return q.Fields == nil || q.Fields.Matches(fieldsOf{object})
}

// fieldsOf lets a field selector read any dotted path of an object. Servers know only a few paths for each kind.
type fieldsOf struct{ object *unstructured.Unstructured }

// Has reports whether the path is set.
func (f fieldsOf) Has(path string) bool {
	_, found, err := unstructured.NestedFieldNoCopy(f.object.Object, strings.Split(path, ".")...)
	return err == nil && found
}

// Get returns the value at the path as text, "" when it is not set.
func (f fieldsOf) Get(path string) string {
	value, found, err := unstructured.NestedFieldNoCopy(f.object.Object, strings.Split(path, ".")...)
	if err != nil || !found {
		return ""
	}
	return fmt.Sprint(value)
}
