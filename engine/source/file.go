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
	MaxBytes = 3 << 20
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
		column := 1 + utf8.RuneCount(data[bytes.LastIndexByte(data[:i], '\n')+1:i])
		diags.Add(f.at(line, column, 1), "yaml-syntax", "file is not UTF-8 text; save it in that encoding")
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

// syntax reports an error of the YAML parser, which names a line at best: what the author got wrong where that can be
// found out, else the words of the parser.
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
	if d := f.blame(); d != nil {
		diags.Add(f.at(d.line, d.column, d.width), "yaml-syntax", "not valid YAML: %s", d.message)
		return
	}
	line = min(max(line, 1), len(f.lines))
	for line > 1 && strings.TrimSpace(f.lines[line-1]) == "" {
		line-- // the parser stopped after the last line
	}
	text := strings.TrimRight(f.lines[line-1], " \r")
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	diags.Add(f.at(line, indent+1, max(utf8.RuneCountInString(text)-indent, 1)), "yaml-syntax", "not valid YAML: %s", plainWords(message))
}

// plainWords says what the parser means where its words are for those who know its insides.
func plainWords(message string) string {
	switch message {
	case "did not find expected <document start>":
		return "something stands after the end of the document"
	case "found unknown directive name":
		return "a line that begins with % is a directive, and the only ones are %YAML and %TAG"
	case "found incompatible YAML document":
		return "this is another version of YAML than 1.1 or 1.2"
	}
	return message
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
