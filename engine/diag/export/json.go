package export

import (
	"encoding/json"
	"io"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// document is the JSON form of a Result.
type document struct {
	Valid       bool          `json:"valid"`
	Files       []string      `json:"files"`
	Errors      int           `json:"errors"`
	Warnings    int           `json:"warnings"`
	Diagnostics []jsonFinding `json:"diagnostics"`
}

type jsonFinding struct {
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Column    int        `json:"column"`
	EndLine   int        `json:"endLine"`
	EndColumn int        `json:"endColumn"`
	Severity  string     `json:"severity"`
	Check     string     `json:"check"`
	Message   string     `json:"message"`
	Notes     []jsonNote `json:"notes,omitempty"`
}

type jsonNote struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// JSON writes one document with every diagnostic. Lines and columns are 1-based, columns count characters, and the end
// is the place after the last character.
func JSON(w io.Writer, r Result) error {
	errors, warnings := r.Counts()
	doc := document{Valid: errors == 0, Files: []string{}, Errors: errors, Warnings: warnings, Diagnostics: []jsonFinding{}}
	for _, f := range r.Files {
		doc.Files = append(doc.Files, r.path(f))
	}
	for _, d := range r.Diagnostics.Sorted() {
		doc.Diagnostics = append(doc.Diagnostics, r.finding(d))
	}
	return encode(w, doc)
}

func (r Result) finding(d diag.Diagnostic) jsonFinding {
	f := jsonFinding{
		File: r.path(d.Range.File), Line: d.Range.Start.Line, Column: d.Range.Start.Column,
		EndLine: d.Range.End.Line, EndColumn: d.Range.End.Column,
		Severity: d.Severity.String(), Check: d.Check, Message: d.Message,
	}
	for _, n := range d.Notes {
		note := jsonNote{Message: n.Message}
		if !n.Range.IsZero() {
			note.File, note.Line, note.Column = r.path(n.Range.File), n.Range.Start.Line, n.Range.Start.Column
		}
		f.Notes = append(f.Notes, note)
	}
	return f
}

func encode(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
