package source

import (
	"regexp"
	"strings"
)

// bracket is a { or [ that is open.
type bracket struct {
	rune
	line, at int
	colons   int // since the last comma
}

// flow passes over a list or mapping in brackets, which may go on over several lines.
func (s *scanner) flow() {
	outer := s.indent()
	var open []bracket
	for s.found == nil {
		if !s.skip() {
			if !s.nextInFlow(outer, open[0]) {
				return
			}
			continue
		}
		switch r := s.peek(0); {
		case r == '{' || r == '[':
			if open = append(open, bracket{rune: r, line: s.line, at: s.at}); len(open) > MaxDepth {
				s.here(1, "brackets are nested more than %d levels deep", MaxDepth)
				return
			}
			s.at++
		case r == '}' || r == ']':
			if want := open[len(open)-1]; want.rune != r-2 { // } is two after {, ] two after [
				s.doubt(want.line, want.at, 1, "%q is not closed before %q", string(want.rune), string(r))
				return
			}
			open = open[:len(open)-1]
			s.at++
			if len(open) == 0 {
				return
			}
		case r == ',':
			open[len(open)-1].colons = 0
			s.at++
		case r == '"' || r == '\'':
			s.quoted()
			s.quotedInFlow(r)
		case r == ':':
			open[len(open)-1].colons++
			s.at++
		case r == '&' || r == '!':
			s.properties()
		case r == '*':
			s.alias()
		default:
			s.plainInFlow(&open[len(open)-1])
		}
	}
}

// indent returns how deep the line is indented.
func (s *scanner) indent() int {
	return len(s.text) - len([]rune(strings.TrimLeft(string(s.text), " ")))
}

var entryStart = regexp.MustCompile(`^ *(- |[A-Za-z_][\w-]*:( |$))`)

// nextInFlow goes to the next line inside of brackets. A line that looks like an entry of what is around shows that the
// bracket was meant to be closed before.
func (s *scanner) nextInFlow(outer int, first bracket) bool {
	if !s.next() || s.indent() <= outer && entryStart.MatchString(string(s.text)) {
		s.doubt(first.line, first.at, 1, "%q is never closed", string(first.rune))
		return false
	}
	return true
}

// quotedInFlow looks at what follows text in quotes inside of brackets.
func (s *scanner) quotedInFlow(quote rune) {
	if s.found != nil || !s.skip() || strings.ContainsRune(",]}:", s.peek(0)) {
		return
	}
	s.here(s.flowWord(), "the text ends at the quote before this; put the whole in quotes of the other kind than %c", quote)
}

// flowWord returns how far it is to what ends plain text inside of brackets.
func (s *scanner) flowWord() int {
	n := s.at
	for n < len(s.text) && !strings.ContainsRune(",[]{}", s.text[n]) {
		n++
	}
	return len([]rune(strings.TrimRight(string(s.text[s.at:n]), " ")))
}

// plainInFlow reads plain text inside of brackets.
func (s *scanner) plainInFlow(in *bracket) {
	from := s.at
	switch r := s.peek(0); {
	case s.refused():
		return
	case r == '|' || r == '>':
		s.here(1, "text with %c can't stand inside { } or [ ]; put it in quotes", r)
		return
	case r == '-' && blank(s.peek(1)):
		s.here(1, `a list item with "-" can't stand inside { } or [ ]; separate the items by ","`)
		return
	}
	for s.at < len(s.text) && !s.comment() {
		r := s.text[s.at]
		if r == ':' && (blank(s.peek(1)) || strings.ContainsRune(",[]{}", s.peek(1))) || strings.ContainsRune(",[]{}", r) {
			break
		}
		if r == '?' {
			s.here(1, `"?" can't stand in plain text inside { } or [ ]; put the expression in quotes`)
			return
		}
		s.at++
	}
	s.plainStop(in, string(s.text[from:s.at]), from)
}

// plainStop looks at what ends plain text inside of brackets.
func (s *scanner) plainStop(in *bracket, text string, from int) {
	text = strings.TrimRight(text, " \t")
	switch r := s.peek(0); {
	case r == '{' && strings.HasSuffix(text, "$"):
		s.doubt(s.line, s.at-1, 3, "${{ }} inside { } or [ ] must stand in quotes, with the text around it")
	case r == '{' || r == '[':
		s.here(1, "%q can't stand in plain text inside { } or [ ]; put the text in quotes", string(r))
	case r == ',' && strings.Count(text, "(") > strings.Count(text, ")"):
		s.here(1, `"," ends the text here; put the whole text in quotes`)
	case r == ':' && in.colons > 0 && strings.Contains(text, " "):
		word := text[strings.LastIndex(text, " ")+1:]
		s.doubt(s.line, from+len([]rune(text))-len([]rune(word)), len([]rune(word)), `"," is missing before %q`, word)
	case r == ':' && in.colons > 0:
		s.here(1, `": " in plain text begins a mapping; put the whole text in quotes`)
	}
}
