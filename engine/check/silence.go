package check

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Directive is how a comment starts that silences checks:
//
//	# scenario-runner:ignore unused-var because the dashboard reads it
//
// It stands at the end of the line of the finding or alone on a line above it; above an item of a list, such as a step, it
// counts for the whole item. Several checks are separated by commas.
const Directive = "scenario-runner:ignore"

// form is what a comment has to look like, for messages.
const form = "# " + Directive + " CHECK because REASON"

// ignore is one silencing comment.
type ignore struct {
	at     diag.Range // of the directive
	from   int        // the first line whose findings it silences
	to     int        // the last one
	checks []named
}

// named is the name of a check in a comment.
type named struct {
	name string
	at   diag.Range
	used bool
}

// Silence takes the findings out of a list that comments in the file silence, and reports comments that are wrong or
// silence nothing. What was found in another file is silenced where this file names that one.
func Silence(f *source.File, found diag.List) diag.List {
	if f.Root == nil || !bytes.Contains(f.Data, []byte("scenario-runner:")) {
		return found
	}
	var mistakes diag.List
	ignores := ignoresOf(f, &mistakes)
	x := newIndex(ignores)
	kept := slices.DeleteFunc(slices.Clone(found), func(d diag.Diagnostic) bool {
		return d.Severity == diag.Warning && x.silences(f.Name, d)
	})
	if !found.HasErrors() { // with an error, not everything was looked at
		for _, i := range ignores {
			i.unused(&mistakes)
		}
	}
	return append(kept, mistakes...)
}

// index finds the named checks of comments by line and name.
type index map[place][]*named

type place struct {
	line int
	name string
}

// newIndex enters each check at each line that its comment is about. A second comment about the same lines and check adds
// nothing, and so is without effect.
func newIndex(ignores []*ignore) index {
	x := index{}
	entered := map[[2]place]bool{}
	for _, i := range ignores {
		for k := range i.checks {
			c := &i.checks[k]
			key := [2]place{{i.from, c.name}, {i.to, c.name}}
			if entered[key] {
				continue
			}
			entered[key] = true
			for l := i.from; l <= i.to; l++ {
				x[place{l, c.name}] = append(x[place{l, c.name}], c)
			}
		}
	}
	return x
}

func (x index) silences(file string, d diag.Diagnostic) bool {
	hit := false
	for _, l := range linesIn(file, d) {
		for _, c := range x[place{l, d.Check}] {
			c.used, hit = true, true
		}
	}
	return hit
}

// linesIn returns the lines of a file at which a finding can be silenced: its own, or, when it stands in a file that this
// one names, those that its notes lead to.
func linesIn(file string, d diag.Diagnostic) []int {
	if d.Range.File == file {
		return []int{d.Range.Start.Line}
	}
	var lines []int
	for _, n := range d.Notes {
		if n.Range.File == file {
			lines = append(lines, n.Range.Start.Line)
		}
	}
	return lines
}

func (i *ignore) unused(mistakes *diag.List) {
	where := fmt.Sprintf("line %d has", i.from)
	if i.to > i.from {
		where = fmt.Sprintf("lines %d to %d have", i.from, i.to)
	}
	for _, c := range i.checks {
		if !c.used {
			mistakes.Warn(c.at, "unused-ignore", "this silences nothing: %s no %s; remove the comment", where, c.name)
		}
	}
}
