// Package diag describes mistakes in files: where they are, what is wrong and what would cure them. It draws them with
// an excerpt and a caret. It knows nothing of YAML, scenarios or clusters.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a text file. Both numbers are 1-based; columns count characters (runes), not bytes.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// String formats p as line:column.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Range is a stretch of one file. End is exclusive: it is the position after the last character.
type Range struct {
	File  string   `json:"file"`
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// String formats r as file:line:column of its start.
func (r Range) String() string { return r.File + ":" + r.Start.String() }

// IsZero reports whether r names no place.
func (r Range) IsZero() bool { return r.Start.Line == 0 }

// Severity says how bad a diagnostic is.
type Severity int

// The severities. A file with an Error can't run; a Warning is advice.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Note is a second thing to know about a diagnostic, with its own place when there is one.
type Note struct {
	Range   Range  `json:"range,omitzero"`
	Message string `json:"message"`
}

// Diagnostic is one mistake.
type Diagnostic struct {
	Range    Range    `json:"range"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"` // lower case, one line, no full stop
	Check    string   `json:"check"`   // name of the check that found it, as in docs/checks.md
	Notes    []Note   `json:"notes,omitempty"`
}

// Error returns the one-line form: file:line:col: message [check].
func (d Diagnostic) Error() string {
	line := d.Range.String() + ": "
	if d.Severity == Warning {
		line += "warning: "
	}
	line += d.Message
	if d.Check != "" {
		line += " [" + d.Check + "]"
	}
	return line
}

// List is a set of diagnostics that is itself an error.
type List []Diagnostic

// longestMessage is how many bytes of a message are kept: it may quote a text of any length.
const longestMessage = 2000

func shortened(message string) string {
	if len(message) <= longestMessage {
		return message
	}
	return strings.ToValidUTF8(message[:longestMessage], "") + "…"
}

// Add appends an error-level diagnostic.
func (l *List) Add(at Range, check, format string, args ...any) *Diagnostic {
	*l = append(*l, Diagnostic{Range: at, Check: check, Message: shortened(fmt.Sprintf(format, args...))})
	return &(*l)[len(*l)-1]
}

// Warn appends a warning-level diagnostic.
func (l *List) Warn(at Range, check, format string, args ...any) *Diagnostic {
	d := l.Add(at, check, format, args...)
	d.Severity = Warning
	return d
}

// Note adds a note to d and returns d, so that notes can be chained.
func (d *Diagnostic) Note(at Range, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Range: at, Message: fmt.Sprintf(format, args...)})
	return d
}

// HasErrors reports whether any diagnostic of l is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sorted returns l by file, line, column and message, without duplicates: of those the one with the most notes is kept.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.Range.File, b.Range.File),
			cmp.Compare(a.Range.Start.Line, b.Range.Start.Line),
			cmp.Compare(a.Range.Start.Column, b.Range.Start.Column),
			strings.Compare(a.Message, b.Message),
			cmp.Compare(len(b.Notes), len(a.Notes)),
		)
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Range == b.Range && a.Message == b.Message
	})
}

// Apart returns l without what starts where one of others does: a value that can't be read is not judged as well.
func (l List) Apart(others List) List {
	return slices.DeleteFunc(slices.Clone(l), func(d Diagnostic) bool {
		return slices.ContainsFunc(others, func(o Diagnostic) bool { return o.Range.File == d.Range.File && o.Range.Start == d.Range.Start })
	})
}

// Err returns l as an error when it holds an error-level diagnostic, else nil.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return l.Sorted()
}

// Error returns the first diagnostic and how many follow.
func (l List) Error() string {
	switch len(l) {
	case 0:
		return "no diagnostics"
	case 1:
		return l[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", l[0].Error(), len(l)-1)
}
