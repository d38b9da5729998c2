// Package source reads a YAML file and keeps where everything stands, down to an offset inside a block scalar. It knows
// nothing of scenarios: what the nodes mean is decided by its callers.
package source

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Limits of a file. They keep a hostile or broken file from taking the runner down.
const (
	MaxBytes = 10 << 20
	MaxDepth = 200
	MaxNodes = 500_000 // after aliases are followed
)

// File is a parsed YAML file with one document.
type File struct {
	Name  string // as the user gave it; appears in messages
	Data  []byte
	Root  *yaml.Node // the document's content; nil when the file is empty
	lines []string
}

// Parse reads data. Mistakes of YAML itself (syntax, duplicate keys, several documents, bombs) are returned; the file
// is returned as well whenever there is a tree to look at.
func Parse(name string, data []byte) (*File, diag.List) {
	f := &File{Name: name, Data: data}
	var diags diag.List
	if len(data) > MaxBytes {
		diags.Add(f.at(1, 1, 1), "yaml-size", "file has %d bytes; at most %d are read", len(data), MaxBytes)
		return f, diags
	}
	if i := invalidUTF8(data); i >= 0 {
		line := 1 + bytes.Count(data[:i], []byte("\n"))
		diags.Add(f.at(line, 1, 1), "yaml-syntax", "file is not UTF-8 text")
		return f, diags
	}
	f.lines = strings.Split(string(data), "\n")
	if f.strangeBreak(&diags) {
		return f, diags
	}
	f.decode(&diags)
	if f.Root != nil {
		w := walker{file: f, diags: &diags}
		w.walk(f.Root, 0)
	}
	return f, diags
}

func (f *File) decode(diags *diag.List) {
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	var doc, next yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		diags.Add(f.at(1, 1, 1), "yaml-empty", "file is empty")
		return
	case err != nil:
		f.syntax(err, diags)
		return
	}
	if len(doc.Content) == 1 {
		f.Root = doc.Content[0]
	}
	if err := dec.Decode(&next); err == nil {
		diags.Add(f.Range(&next), "yaml-documents", "a file holds one document; put the second one into a file of its own")
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err, diags)
	}
}

var lineInError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax reports an error of the YAML parser, which names a line at best.
func (f *File) syntax(err error, diags *diag.List) {
	line, message := 1, err.Error()
	if m := lineInError.FindStringSubmatch(strings.ReplaceAll(message, "\n", " ")); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		message = m[2]
		if strings.HasPrefix(message, "did not find expected") {
			line++ // the library counts from 0 in what its parser, not its scanner, finds
		}
	}
	line = min(max(line, 1), len(f.lines))
	if strings.HasPrefix(message, "did not find expected ',' or") && f.questionMark(line, diags) {
		return
	}
	text := strings.TrimRight(f.lines[line-1], " \r")
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	diags.Add(f.at(line, indent+1, max(utf8.RuneCountInString(text)-indent, 1)), "yaml-syntax", "not valid YAML: %s", message)
}

// questionMark reports an expression such as a?.b in flow style that is not quoted, which this YAML parser can't read. Its
// own message names neither the place nor the reason, and a line near by at best.
func (f *File) questionMark(line int, diags *diag.List) bool {
	for l := line; l <= min(line+1, len(f.lines)); l++ {
		text := f.line(l)
		for _, mark := range []string{"?.", "??", "?["} {
			before, _, found := strings.Cut(text, mark)
			if found && strings.ContainsAny(before, "{[") {
				diags.Add(f.at(l, utf8.RuneCountInString(before)+1, 1), "yaml-syntax",
					`not valid YAML: "?" can't stand in plain text inside { } or [ ]; put the expression in quotes`)
				return true
			}
		}
	}
	return false
}

// strangeBreak reports a character at which YAML ends a line and nothing else does: every place after it would be wrong.
func (f *File) strangeBreak(diags *diag.List) bool {
	if !slices.ContainsFunc([]string{"\r", "\u0085", "\u2028", "\u2029"}, func(b string) bool { return bytes.Contains(f.Data, []byte(b)) }) {
		return false // four searches for one character take a tenth of one search for any of four
	}
	for i, text := range f.lines {
		text = strings.TrimSuffix(text, "\r")
		if at := strings.IndexAny(text, "\r\u0085\u2028\u2029"); at >= 0 {
			r, _ := utf8.DecodeRuneInString(text[at:])
			diags.Add(f.at(i+1, utf8.RuneCountInString(text[:at])+1, 1), "yaml-syntax",
				`YAML ends a line at the character %U and editors do not; end lines with \n, or write "\u%04X" in double quotes`, r, r)
			return true
		}
	}
	return false
}

func (f *File) at(line, column, width int) diag.Range {
	return diag.Range{
		File:  f.Name,
		Start: diag.Position{Line: line, Column: column},
		End:   diag.Position{Line: line, Column: column + width},
	}
}

// line returns the text of a 1-based line, or "" past the end.
func (f *File) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return strings.TrimSuffix(f.lines[n-1], "\r")
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
