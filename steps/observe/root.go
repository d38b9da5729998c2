package observe

import "github.com/scenario-runner/scenario-runner/steps/kube"

// Root says which objects the value of the source is, false for a source of something else.
func (s Source) Root() (kube.Root, bool) {
	switch {
	case len(s.given()) != 1:
	case s.Object != nil:
		return kube.Root{Ref: *s.Object}, true
	case s.Objects != nil:
		return kube.Root{Ref: *s.Objects, List: true}, true
	}
	return kube.Root{}, false
}
