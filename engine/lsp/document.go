package lsp

import (
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// document is an open file.
type document struct {
	uri     string
	path    string
	version int
	text    string
	kind    *FileKind // nil when the file is none of ours
	lines   []int     // byte offset of each line
	// inspection is of this text; usable is of the last text that could be read as YAML.
	inspection, usable *scenario.Inspection
}

func newDocument(uri string, version int, text string) *document {
	d := &document{uri: uri, path: pathOf(uri)}
	d.set(version, text)
	return d
}

func (d *document) set(version int, text string) {
	d.version, d.text, d.inspection = version, text, nil
	d.lines = d.lines[:0]
	d.lines = append(d.lines, 0)
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
}

// pathOf returns the path of a file URI, or a plain name for other documents.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return filepath.Base(strings.ReplaceAll(uri, ":", "/"))
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/")
	}
	return filepath.FromSlash(path)
}

func uriOf(path string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed}).String()
}

var (
	ourVersion = regexp.MustCompile(`(?m)^apiVersion:[ \t]*["']?scenario-runner/`)
	kindLine   = regexp.MustCompile(`(?m)^kind:[ \t]*["']?([A-Za-z]+)`)
)

// ours reports whether the document is for the server: an editor may send every YAML file.
func (d *document) ours() bool { return d.kind != nil }

// kindOf returns what kind of file a document is, by what it says or else by its name.
func (s *Server) kindOf(d *document) *FileKind {
	ours := ourVersion.MatchString(d.text)
	if m := kindLine.FindStringSubmatch(d.text); m != nil && ours {
		if i := slices.IndexFunc(s.kinds, func(k FileKind) bool { return k.Kind == m[1] }); i >= 0 {
			return &s.kinds[i]
		}
	}
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(d.path), ".yaml"), ".yml")
	if i := slices.IndexFunc(s.kinds, func(k FileKind) bool { return name != filepath.Base(d.path) && strings.HasSuffix(name, k.Suffix) }); i >= 0 {
		return &s.kinds[i]
	}
	if ours {
		return &s.kinds[0]
	}
	return nil
}

// loaded reports whether the document has steps.
func (d *document) loaded() bool { return d.kind != nil && d.kind.Check == nil }

// top is the shape of the whole document.
func (d *document) top() target {
	return target{shape: &field.Shape{Kind: field.Struct, Fields: d.kind.Fields}}
}

// lineText returns a line without its line break.
func (d *document) lineText(line int) string {
	end := len(d.text)
	if line+1 < len(d.lines) {
		end = d.lines[line+1] - 1
	}
	return strings.TrimSuffix(d.text[d.lines[line]:end], "\r")
}

// offset returns the byte offset of a position, which counts UTF-16 units. Positions outside are moved inside.
func (d *document) offset(p position) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(d.lines) {
		return len(d.text)
	}
	text := d.lineText(p.Line)
	units := 0
	for i, r := range text {
		if units >= p.Character {
			return d.lines[p.Line] + i
		}
		units += width(r)
	}
	return d.lines[p.Line] + len(text)
}

func width(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// position returns the position of a byte offset.
func (d *document) position(offset int) position {
	offset = min(max(offset, 0), len(d.text))
	line := sort.Search(len(d.lines), func(i int) bool { return d.lines[i] > offset }) - 1
	units := 0
	for _, r := range d.text[d.lines[line]:offset] {
		units += width(r)
	}
	return position{Line: line, Character: units}
}

func (d *document) span(from, to int) span { return span{Start: d.position(from), End: d.position(to)} }

// at returns the byte offset of a position of package diag, moved inside of the file.
func (d *document) at(p diag.Position) int {
	line := p.Line - 1
	if line < 0 {
		return 0
	}
	if line >= len(d.lines) {
		return len(d.text)
	}
	text := d.lineText(line)
	offset := 0
	for n := 1; n < p.Column && offset < len(text); n++ {
		_, size := utf8.DecodeRuneInString(text[offset:])
		offset += size
	}
	return d.lines[line] + offset
}

// bounds returns the byte offsets of a range. They are inside of the file and in order.
func (d *document) bounds(r diag.Range) (from, to int) {
	from = d.at(r.Start)
	return from, max(from, d.at(r.End))
}

func (d *document) spanOf(r diag.Range) span { return d.span(d.bounds(r)) }

// inspect checks the text once.
func (s *Server) inspect(d *document) *scenario.Inspection {
	if d.inspection == nil {
		d.inspection = s.look(d, d.text)
		if d.inspection.File.Root != nil {
			d.usable = d.inspection
		}
	}
	return d.inspection
}

// look checks a text as that of a document.
func (s *Server) look(d *document, text string) *scenario.Inspection {
	if d.loaded() {
		return s.project(d).Loader.Inspect(d.path, []byte(text))
	}
	file, diags := source.Parse(d.path, []byte(text))
	if file.Root != nil {
		diags = d.kind.Check(d.path, []byte(text))
	}
	return &scenario.Inspection{File: file, Diagnostics: diags.Sorted(), Kind: d.kind.Kind}
}

// readable returns what is known of the document when the line at the cursor may be half typed: of the text itself, of
// the text without that line, or of the last text that could be read.
func (s *Server) readable(d *document, offset int) *scenario.Inspection {
	if i := s.inspect(d); i.File.Root != nil {
		return i
	}
	line := d.position(offset).Line
	start := d.lines[line]
	end := start + len(d.lineText(line))
	if i := s.look(d, d.text[:start]+d.text[end:]); i.File.Root != nil {
		return i
	}
	if d.usable != nil {
		return d.usable
	}
	return d.inspection
}
