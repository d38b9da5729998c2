package observe

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Look is the value of a source at one moment. What it holds is shared: read only.
type Look struct {
	// Value is what expressions see under the name of the source; nil means that it does not exist.
	Value any
	// Items are those of a value that is a list.
	Items []any
	// Objects are the Kubernetes objects of which Value is made.
	Objects []*unstructured.Unstructured
	// ResourceVersion is that of the change that led here, "" where there is no such thing.
	ResourceVersion string
	// At is when the value was seen.
	At time.Time
	// Stored says that the value comes from the store of a watch that was running already. It may be a few milliseconds
	// older than what others, not this program, have written; who decides by it reads again with Once.
	Stored bool
	// Missed says that the watch was interrupted and that the value changed meanwhile, so that states may have gone
	// unseen.
	Missed bool

	describe func() string
	evidence any // for Explain
}

// Describe returns l with a function that says for people what was seen; it is only called when somebody wants to know.
func (l Look) Describe(describe func() string) Look {
	l.describe = describe
	return l
}

// String says for people what was seen: "deployment/web: 1 of 3 replicas are available".
func (l Look) String() string {
	if l.describe == nil {
		return ""
	}
	return l.describe()
}

// Span writes a duration as an author would: 2m, not 2m0s.
func Span(d time.Duration) string {
	switch {
	case d > time.Second:
		d = d.Round(time.Millisecond)
	case d > time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
