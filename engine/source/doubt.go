package source

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// doubt is the place at which a file stops to be YAML, with the reason in words of authors.
type doubt struct {
	line, column, width int // 1-based
	message             string
}

// scanner reads a file that the YAML parser has refused. That parser names a line at best and no reason that an author
// could use; the scanner knows what authors get wrong, and nothing else of YAML.
type scanner struct {
	file    *File
	line    int    // 1-based
	text    []rune // of the line
	at      int    // offset in text
	blocks  []block
	anchors map[string]bool
	empty   bool // nothing of the block scalar was met yet
	depth   int  // how deep its lines are indented
	scalar  int  // column of the key of the block scalar around the line, -1 outside of one
	pending bool // the last key or dash has no value yet
	last    item
	found   *doubt
}

// block is a list or a mapping that is open, by the 0-based column of its entries.
type block struct {
	column int
	list   bool
}

// item is what stands before the line: its column, and where its value ends when that is plain text after a dash.
type item struct {
	column    int
	line, end int
	word      string
}

// blame finds out why the file is no YAML. It is nil when that is none of the known reasons.
func (f *File) blame() *doubt {
	if d := f.control(); d != nil {
		return d
	}
	s := &scanner{file: f, scalar: -1, anchors: map[string]bool{}, last: item{column: -1}}
	for s.next() && s.found == nil {
		s.start()
	}
	return s.found
}

// control finds a character that YAML does not allow anywhere.
func (f *File) control() *doubt {
	for i, line := range f.lines {
		line = strings.TrimSuffix(line, "\r")
		at := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' })
		if at < 0 {
			continue
		}
		r, _ := utf8.DecodeRuneInString(line[at:])
		return &doubt{
			line: i + 1, column: utf8.RuneCountInString(line[:at]) + 1, width: 1,
			message: fmt.Sprintf(`the control character %U can't stand in YAML; write "\x%02x" in double quotes`, r, r),
		}
	}
	return nil
}

// next goes to the next line.
func (s *scanner) next() bool {
	if s.line >= len(s.file.lines) {
		return false
	}
	s.line++
	s.text, s.at = []rune(s.file.line(s.line)), 0
	return true
}

// doubt keeps the first mistake that is found.
func (s *scanner) doubt(line, at, width int, format string, args ...any) {
	if s.found == nil {
		s.found = &doubt{line: line, column: at + 1, width: max(width, 1), message: fmt.Sprintf(format, args...)}
	}
}

func (s *scanner) here(width int, format string, args ...any) {
	s.doubt(s.line, s.at, width, format, args...)
}

// peek returns the rune at a distance from the present place, 0 past the end of the line.
func (s *scanner) peek(distance int) rune {
	if i := s.at + distance; i < len(s.text) {
		return s.text[i]
	}
	return 0
}

func blank(r rune) bool { return r == ' ' || r == '\t' || r == 0 }

// skip passes over spaces; it reports whether something else follows that is no comment.
func (s *scanner) skip() bool {
	for s.at < len(s.text) && blank(s.text[s.at]) {
		s.at++
	}
	return s.at < len(s.text) && !s.comment()
}

func (s *scanner) comment() bool { return s.peek(0) == '#' && (s.at == 0 || blank(s.text[s.at-1])) }

// start reads a line from its beginning.
func (s *scanner) start() {
	indent := 0
	for indent < len(s.text) && s.text[indent] == ' ' {
		indent++
	}
	s.at = indent
	rest := strings.TrimSpace(string(s.text[indent:]))
	if s.scalar >= 0 && (rest == "" || indent > s.scalar) {
		s.inScalar(indent, rest)
		return
	}
	if s.scalar >= 0 && s.empty && indent > 0 && !entryStart.MatchString(string(s.text)) {
		s.here(len([]rune(rest)), "the text of the block above must be indented deeper than its key")
		return
	}
	s.scalar = -1
	switch {
	case rest == "" || rest[0] == '#':
	case s.peek(0) == '\t':
		s.here(1, "a tab can't indent YAML; use spaces")
	case strange(s.peek(0)):
		s.here(1, "a space of another kind stands here (%U); write a plain one", s.peek(0))
	case indent == 0 && (rest == "---" || rest == "..." || strings.HasPrefix(rest, "--- ") || rest[0] == '%'):
		s.blocks, s.pending, s.last = nil, false, item{column: -1}
	default:
		s.entry(indent)
	}
}

// inScalar looks at a line of a block scalar: the first one that is not blank says how deep all of them are indented.
func (s *scanner) inScalar(indent int, rest string) {
	switch {
	case rest == "":
	case s.empty:
		s.empty, s.depth = false, indent
	case indent < s.depth && rest[0] != '#':
		s.here(s.wordLength(), "this line is indented by %d, which fits to no line above; write %d or %d", indent, s.scalar, s.depth)
	}
}

// strange reports a space that YAML does not take for one.
func strange(r rune) bool { return r > 0x7f && (unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff') }

// entry reads an entry of a list or a mapping.
func (s *scanner) entry(column int) {
	first := true
	for s.peek(0) == '-' && (blank(s.peek(1)) || strange(s.peek(1))) {
		if strange(s.peek(1)) {
			s.at++
			s.here(1, "a space of another kind stands here (%U); write a plain one", s.peek(0))
			return
		}
		s.open(column, true, first)
		s.last = item{column: column}
		s.pending, first = true, false
		s.at++
		if !s.skip() || s.found != nil {
			return
		}
		column = s.at
	}
	s.node(column, first)
}

// open enters the list or mapping whose entries stand at a column, and leaves those that end before it. first says that
// the entry is the first thing in its line.
func (s *scanner) open(column int, list, first bool) {
	closed := -1
	for len(s.blocks) > 0 && s.blocks[len(s.blocks)-1].column > column {
		closed = s.blocks[len(s.blocks)-1].column
		s.blocks = s.blocks[:len(s.blocks)-1]
	}
	top := block{column: -1}
	if len(s.blocks) > 0 {
		top = s.blocks[len(s.blocks)-1]
	}
	switch {
	case top.column < column:
		s.deeper(column, list, first, closed, top)
	case top.list == list:
	case list && s.pending && s.last.column == column: // a list may stand as deep as the key it belongs to
		s.blocks = append(s.blocks, block{column, list})
	case !list && slices.Contains(s.blocks, block{column, false}):
		s.blocks = s.blocks[:len(s.blocks)-1]
	case list:
		s.here(1, `a list item can't stand among the fields of a mapping; indent it deeper, or less`)
	default:
		s.here(s.wordLength(), `the lines above at this depth begin with "-"; begin this one with "- ", or indent it deeper`)
	}
}

// deeper enters a collection that is indented deeper than what is around it.
func (s *scanner) deeper(column int, list, first bool, closed int, top block) {
	switch {
	case !first || s.pending:
		s.blocks = append(s.blocks, block{column, list})
	case closed >= 0:
		s.here(s.wordLength(), "this line is indented by %d, which fits to no line above; write %d or %d", column, max(top.column, 0), closed)
	case s.last.word != "":
		s.doubt(s.last.line, s.last.end-len([]rune(s.last.word)), len([]rune(s.last.word)), `":" is missing after %q`, s.last.word)
	case len(s.blocks) > 0:
		s.here(s.wordLength(), "this line is indented deeper than the one above, which has a value already")
	default:
		s.blocks = append(s.blocks, block{column, list})
	}
}

func (s *scanner) wordLength() int {
	n := s.at
	for n < len(s.text) && !blank(s.text[n]) && s.text[n] != ':' {
		n++
	}
	return n - s.at
}
