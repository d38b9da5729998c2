package scenario

import (
	"fmt"
	"slices"
)

// elsewhere says what to write instead of a need that names a step of another list.
func (c *compiler) elsewhere(p *pending, target *declared, work []*pending) string {
	switch {
	case p.finally && !target.finally:
		return "finally runs after all steps, so remove it"
	case target.finally && !p.finally:
		return "finally runs last, so nothing can wait for its steps"
	}
	for d := target.parent; d != nil; d = d.parent {
		if d == p.declared {
			return "it stands inside this step, so remove it"
		}
		if slices.ContainsFunc(work, func(w *pending) bool { return w.declared == d }) {
			return around(d, "name the %s step around it, %q", "give the %s step around it an id and name that")
		}
	}
	for d := p.parent; d != nil; d = d.parent {
		if d.parent == target.parent && d.finally == target.finally {
			return around(d, "write needs on the %s step around this one, %q", "write needs on the %s step around this one")
		}
	}
	return "put both steps into one list, or write needs on the steps around them"
}

// around names a container by its id, when it has one.
func around(d *declared, named, plain string) string {
	if d.named {
		return fmt.Sprintf(named, d.kind, d.id)
	}
	return fmt.Sprintf(plain, d.kind)
}
