package inbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// openedKey is under what a file keeps the ids of the steps that open servers.
type openedKey struct{}

func opened(in *step.Place) *[]string {
	ids, _ := in.Shared(openedKey{}, func() any { return &[]string{} }).(*[]string)
	return ids
}

// Opens notes before the run that this use opens a server.
func Opens(p *step.Problems) {
	if in := p.Place(); in != nil && in.Common.ID != "" {
		ids := opened(in)
		*ids = append(*ids, in.Common.ID)
	}
}

// Mention reports before the run that no step of the file opens the server that a field names.
func Mention(p *step.Problems, path, name string) {
	in := p.Place()
	if in == nil || in.Common.ID == "" || name == "" || p.Dynamic(path) {
		return
	}
	p.Later(func(p *step.Problems, whole step.Whole) {
		ids := slices.Clone(*opened(in))
		if whole.Broken || slices.Contains(ids, name) {
			return
		}
		slices.Sort(ids)
		if len(ids) == 0 {
			p.Mistake(path, "unknown-step", "no step opens a sink or a backend; open one with receive: {listen: …} or mock: {routes: …} in a step with the id %q", name)
			return
		}
		p.Mistake(path, "unknown-step", "no step that opens a sink or a backend is called %q%s", name, proposal(name, ids))
	})
}

// proposal says which name may be meant, or which there are.
func proposal(name string, names []string) string {
	if text := diag.DidYouMean(name, names); text != "" {
		return text
	}
	return "; there are " + strings.Join(names, ", ")
}

// around lists what a name may stand for in a step of that id, the nearest first: the steps of an iteration or a template
// have ids below that of the step around them, and so have the servers that they open.
func around(id, name string) []string {
	var out []string
	for {
		i := strings.LastIndexByte(id, '.')
		if i < 0 {
			return append(out, name)
		}
		id = id[:i]
		out = append(out, fmt.Sprintf("%s.%s", id, name))
	}
}
