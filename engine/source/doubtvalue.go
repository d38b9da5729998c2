package source

import (
	"regexp"
	"strings"
	"unicode"
)

// node reads a key with its value, or a value. first says that it is the first thing in its line.
func (s *scanner) node(column int, first bool) {
	if s.peek(0) == '?' && blank(s.peek(1)) {
		s.at = len(s.text) // a key of several lines; nobody writes that
		return
	}
	s.properties()
	line := s.line
	plain := false
	switch r := s.peek(0); {
	case r == 0:
		return // what it is stands below
	case r == '"' || r == '\'':
		s.quoted()
	case r == '{' || r == '[':
		s.flow()
	case !first && (r == '|' || r == '>'):
		s.block(s.last.column)
		return
	case s.refused():
		return
	case r == '*' && s.alias():
	default:
		plain = true
	}
	switch {
	case s.found != nil:
	case plain:
		s.plainNode(column, first)
	case s.skip() && s.peek(0) == ':' && blank(s.peek(1)) && line == s.line:
		s.key(column, first)
	default:
		s.pending = false
		s.after()
	}
}

// plainNode reads a plain key with its value, or plain text.
func (s *scanner) plainNode(column int, first bool) {
	from := s.at
	end, colon := s.plainEnd()
	word := strings.TrimRight(string(s.text[from:end]), " \t")
	if colon {
		s.key(column, first)
		return
	}
	if first && !s.pending && len(s.blocks) > 0 && column <= s.blocks[len(s.blocks)-1].column {
		s.doubt(s.line, from, len([]rune(word)), `%q is no entry; a key is followed by ":", and a list item begins with "- "`, word)
		return
	}
	if !first { // text after a dash
		s.last.line, s.last.end, s.last.word = s.line, from+len([]rune(word)), word
	}
	s.pending = false
}

// plainEnd goes to the ":" that ends a plain key, or to the end of the text.
func (s *scanner) plainEnd() (end int, colon bool) {
	for ; s.at < len(s.text); s.at++ {
		switch {
		case s.text[s.at] == ':' && blank(s.peek(1)):
			return s.at, true
		case s.comment():
			return s.at, false
		}
	}
	return s.at, false
}

// key reads the value after a key, at whose ":" it stands.
func (s *scanner) key(column int, first bool) {
	colon := s.at
	s.at = column
	s.open(column, false, first)
	s.at = colon + 1
	s.last, s.pending = item{column: column}, true
	if s.found != nil || !s.skip() {
		return
	}
	s.properties()
	if s.found != nil || !s.skip() {
		return
	}
	s.pending = false
	s.value(column)
}

// value reads what stands after a key in the same line.
func (s *scanner) value(column int) {
	switch r := s.peek(0); {
	case r == '"' || r == '\'':
		s.quoted()
		s.after()
	case r == '{' || r == '[':
		s.flow()
		s.after()
	case r == '|' || r == '>':
		s.block(column)
	case s.refused():
	case r == '*' && s.alias():
		s.after()
	case r == '-' && blank(s.peek(1)):
		s.here(1, "a list begins in a line of its own, or is written in [ ]")
	default:
		if _, colon := s.plainEnd(); colon {
			s.here(1, `": " in plain text begins a mapping; put the whole text in quotes`)
		}
	}
}

// refused reports text that can't begin as it does.
func (s *scanner) refused() bool {
	r := s.peek(0)
	if !strings.ContainsRune("@`%,]}", r) {
		return false
	}
	if r == '}' || r == ']' {
		s.here(1, "%q closes nothing", string(r))
		return true
	}
	s.here(1, "text can't begin with %q; put it in quotes", string(r))
	return true
}

// properties passes over anchors and tags.
func (s *scanner) properties() {
	for s.peek(0) == '&' || s.peek(0) == '!' {
		from := s.at
		for s.at++; !blank(s.peek(0)) && !strings.ContainsRune(",[]{}", s.peek(0)); s.at++ {
		}
		if name := string(s.text[from+1 : s.at]); s.text[from] == '&' {
			if !wordOnly(name) {
				s.doubt(s.line, from, s.at-from, `"&" begins an anchor in YAML; put the text in quotes`)
			}
			s.anchors[name] = true
		}
		s.skip()
	}
}

// alias passes over *name.
func (s *scanner) alias() bool {
	from := s.at
	for s.at++; !blank(s.peek(0)) && !strings.ContainsRune(",[]{}", s.peek(0)); s.at++ {
	}
	name := string(s.text[from+1 : s.at])
	switch {
	case !wordOnly(name):
		s.doubt(s.line, from, s.at-from, `"*" begins an alias in YAML; put the text in quotes`)
	case !s.anchors[name]:
		s.doubt(s.line, from, s.at-from, `there is no anchor "&%s" before this alias; put the text in quotes if it is none`, name)
	}
	return true
}

var anchorName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func wordOnly(name string) bool { return anchorName.MatchString(name) }

var blockHeader = regexp.MustCompile(`^[|>][1-9]?[+-]?[1-9]?[ \t]*(#.*)?$`)

// block reads the head of a block scalar.
func (s *scanner) block(column int) {
	if !blockHeader.MatchString(string(s.text[s.at:])) {
		s.at++
		s.here(len(s.text)-s.at, "the text after %c begins in the next line", s.text[s.at-1])
		return
	}
	explicit := strings.ContainsAny(string(s.text[s.at:]), "123456789") // the author says how deep the text is indented
	s.scalar, s.empty, s.depth, s.pending = column, !explicit, 0, false
}

// after looks at what follows a value in its line.
func (s *scanner) after() {
	if s.found != nil || s.at == 0 {
		return
	}
	tight, quote := !blank(s.peek(0)), s.text[s.at-1]
	if !s.skip() {
		return
	}
	rest := len(s.text) - s.at
	switch r := s.peek(0); {
	case r == '}' || r == ']':
		s.here(1, "%q closes nothing", string(r))
	case quote == '\'' && tight && unicode.IsLetter(r):
		s.here(rest, "the text ends at the quote before this; inside of '…' a quote is written twice: ''")
	case quote == '\'' || quote == '"':
		s.here(rest, "the text ends at the quote before this; put the whole in quotes of the other kind")
	default:
		s.here(rest, "the value ends before this; put the whole in quotes")
	}
}

const escapes = "0abt\tnvfre \"/\\N_LPxuU"

// quoted passes over text in quotes, which may go on over several lines.
func (s *scanner) quoted() {
	quote, line, at := s.text[s.at], s.line, s.at
	s.at++
	for {
		for s.at < len(s.text) {
			switch r := s.text[s.at]; {
			case quote == '"' && r == '\\':
				if next := s.peek(1); next != 0 && !strings.ContainsRune(escapes, next) {
					s.here(2, `\%c is no escape in double quotes; write \\%c, or use single quotes`, next, next)
					return
				}
				s.at++
			case r == quote && quote == '\'' && s.peek(1) == quote:
				s.at++
			case r == quote:
				s.at++
				s.spread(line, at, quote)
				return
			}
			s.at++
		}
		if !s.next() {
			s.at = len(s.text)
			s.doubt(line, at, 1, "the quote that begins here is never closed")
			return
		}
	}
}

// spread doubts a quoted text that ends in another line, when something follows that can't follow a value: then the
// quote that ends it was meant to begin the next one.
func (s *scanner) spread(line, at int, quote rune) {
	if line == s.line {
		return
	}
	rest := strings.TrimSpace(string(s.text[min(s.at, len(s.text)):]))
	if rest != "" && !strings.ContainsAny(rest[:1], ":,]}#") {
		s.doubt(line, at, 1, "the quote that begins here is not closed before line %d; end it with %c", s.line, quote)
	}
}
