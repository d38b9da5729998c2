package process

import (
	"errors"
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Words returns the program and its arguments from what the author wrote: a list is taken as it is, a text is split.
func Words(command any) ([]string, error) {
	var words []string
	var err error
	switch command := command.(type) {
	case string:
		words, err = Split(command)
	case []any:
		words, err = texts(command)
	default:
		return nil, fmt.Errorf("a command is text or a list; found %s", eval.Format(command))
	}
	if err == nil && (len(words) == 0 || words[0] == "") {
		err = errors.New("the command is empty; its first word is the program")
	}
	return words, err
}

func texts(list []any) ([]string, error) {
	words := make([]string, len(list))
	for i, item := range list {
		text, err := eval.ToText(item)
		if err != nil {
			return nil, fmt.Errorf("word %d of the command: %w", i+1, err)
		}
		words[i] = text
	}
	return words, nil
}

// special are the characters that mean something to a shell. Since there is none, taking them literally would start
// something else than the author has in mind.
const special = "|&;<>()$`"

// Split splits a command line into words as a shell does, with single quotes, double quotes and backslashes. Nothing is
// expanded.
func Split(line string) ([]string, error) {
	s := splitter{line: line}
	for _, r := range line {
		if err := s.next(r); err != nil {
			return nil, err
		}
	}
	if s.quote != 0 {
		return nil, fmt.Errorf("command %q: the quote %c is never closed", line, s.quote)
	}
	if s.escaped {
		return nil, fmt.Errorf("command %q: it ends with a backslash that escapes nothing", line)
	}
	s.end()
	return s.words, nil
}

type splitter struct {
	line    string
	words   []string
	word    strings.Builder
	inWord  bool
	quote   rune
	escaped bool
}

func (s *splitter) next(r rune) error {
	switch {
	case s.escaped:
		s.escape(r)
	case r == '\\' && s.quote != '\'':
		s.escaped = true
	case s.quote != 0 && r == s.quote:
		s.quote = 0
	case s.quote != 0:
		s.word.WriteRune(r)
	case r == '"' || r == '\'':
		s.quote, s.inWord = r, true
	case strings.ContainsRune(" \t\r\n", r):
		s.end()
	case strings.ContainsRune(special, r):
		return fmt.Errorf("command %q: %q means something to a shell, but no shell reads this; "+
			"quote it, write the command as a list, or use run with a script", s.line, r)
	default:
		s.inWord = true
		s.word.WriteRune(r)
	}
	return nil
}

// escape takes the character after a backslash. In double quotes only a few characters can be escaped.
func (s *splitter) escape(r rune) {
	s.escaped = false
	if s.quote == '"' && !strings.ContainsRune("\"\\$`\n", r) {
		s.word.WriteRune('\\')
	}
	if r != '\n' { // a line that goes on below
		s.inWord = true
		s.word.WriteRune(r)
	}
}

func (s *splitter) end() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
		s.inWord = false
	}
}
