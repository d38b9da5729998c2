package eval

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// fix is a change of the source after which the rest of it can be looked at. Offsets count runes.
type fix struct {
	from, to int
	text     string
}

// syntaxProblem rewords an error of the parser. Authors come from other languages, so what is right there is named.
func syntaxProblem(source string, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Check: syntaxCheck, Message: err.Error()}
	}
	s := &syntax{text: []rune(source), message: f.Message}
	s.Problem = &Problem{From: min(f.From, len(s.text)), Check: syntaxCheck}
	s.To = max(f.To, s.From+1)
	s.tokens = words(source)
	s.index = slices.IndexFunc(s.tokens, func(t lexer.Token) bool { return t.From == f.From && t.Kind != lexer.EOF })
	if strings.Contains(f.Message, "EOF") || strings.HasPrefix(f.Message, "unexpected end") {
		s.index = -1
	}
	s.explain()
	s.From = max(min(s.From, len(s.text)-1), 0)
	s.To = max(min(s.To, len(s.text)), s.From+1)
	return s.Problem
}

const syntaxCheck = "expression-syntax"

// syntax is an error of the parser on its way to be told.
type syntax struct {
	*Problem
	text    []rune
	message string
	tokens  []lexer.Token // up to where the text can't be taken apart
	index   int           // of the token that the parser does not understand, -1 at the end
}

// words takes a text apart as far as that goes.
func words(source string) []lexer.Token {
	var tokens []lexer.Token
	l := lexer.New()
	l.Reset(file.NewSource(source))
	for {
		t, err := l.Next()
		if err != nil {
			return tokens
		}
		tokens = append(tokens, t)
	}
}

func (s *syntax) explain() {
	switch {
	case s.marked():
	case s.lexical():
	case strings.HasPrefix(s.message, "expected at least"):
		s.tooFew()
	case strings.HasPrefix(s.message, "invalid "):
		s.badNumber(s.wordAt(max(min(s.From, len(s.text)-1), 0)))
	case strings.HasPrefix(s.message, "Operator (") && strings.Contains(s.message, "??"):
		s.say("?? and %s are not clear side by side; put the part with ?? in brackets, as in (a ?? b) == c", s.token(0).Value)
	case s.index < 0:
		s.tooEarly()
	default:
		s.unexpected()
	}
}

func (s *syntax) say(format string, args ...any) { s.Message = fmt.Sprintf(format, args...) }

// under underlines other runes than those that the parser named.
func (s *syntax) under(from, to int) { s.From, s.To = from, to }

// replace proposes another text for what is underlined.
func (s *syntax) replace(text string) { s.fix = &fix{from: s.From, to: s.To, text: text} }

// token returns the token at a distance from the one that is not understood; an empty one when there is none.
func (s *syntax) token(distance int) lexer.Token {
	at := s.index + distance
	if s.index < 0 {
		at = len(s.tokens) - 1 + distance // the last one is the end itself
	}
	if at < 0 || at >= len(s.tokens) {
		return lexer.Token{}
	}
	return s.tokens[at]
}

// marked finds the marks of templates inside an expression.
func (s *syntax) marked() bool {
	text := string(s.text)
	for _, mark := range []string{"${{", "{{"} {
		before, _, found := strings.Cut(text, mark)
		if !found {
			continue
		}
		from := len([]rune(before))
		s.under(from, from+len(mark))
		s.say("this is an expression already; write it without %s }}", mark)
		return true
	}
	return false
}

// lexical explains characters that make no word.
func (s *syntax) lexical() bool {
	at := min(s.From, len(s.text)-1)
	switch {
	case strings.HasPrefix(s.message, "literal not terminated"):
		from := openQuote(s.text)
		s.under(from, len(s.text))
		s.say("the text is never closed; end it with %c", s.text[from])
	case strings.HasPrefix(s.message, "unrecognized character"):
		s.strange(s.text[at])
	case strings.HasPrefix(s.message, "bad number"):
		s.badNumber(s.wordAt(at))
	case strings.HasPrefix(s.message, "invalid char escape"):
		s.under(max(at-1, 0), at+1)
		s.say(`%s is no escape in a text; write \\ for a backslash, or put the text in backquotes`, string(s.text[s.From:s.To]))
	case strings.HasPrefix(s.message, "unclosed comment"):
		from := max(strings.LastIndex(string(s.text), "/*"), 0)
		from = len([]rune(string(s.text)[:from]))
		s.under(from, from+2)
		s.say("the comment is never closed; end it with */")
	case s.next() == '~' && strings.Contains(s.message, `"="`):
		s.To++
		s.say(`"=~" is written matches here`)
		s.replace("matches")
	default:
		return false
	}
	return true
}

// next returns the character after the one that is not understood.
func (s *syntax) next() rune {
	if s.To < len(s.text) {
		return s.text[s.To]
	}
	return 0
}

func (s *syntax) strange(r rune) {
	switch {
	case strings.ContainsRune("“”„‟«»‘’‚‛`´", r):
		s.say(`%c is no quotation mark here; write " or '`, r)
	case unicode.IsSpace(r):
		s.say("a space of another kind stands here (%U); write a plain one", r)
		s.replace(" ")
	default:
		s.say("the character %q means nothing in an expression", string(r))
	}
}

// unknown is an expression of which no type is known, so that nothing follows from it.
const unknown = `fromJSON("0")`

var amount = regexp.MustCompile(`^[0-9.]+(m|k|K|M|G|T|Ki|Mi|Gi|Ti)$`)

// badNumber explains what begins with a digit and is no number.
func (s *syntax) badNumber(word string) {
	_, err := time.ParseDuration(word)
	switch {
	case err == nil && word != "0":
		s.say(`%s is written duration(%q) in an expression`, word, word)
		s.replace(unknown)
	case amount.MatchString(word):
		s.say(`%s is written quantity(%q) in an expression`, word, word)
		s.replace(unknown)
	case strings.Contains(s.message, "out of range"):
		s.say("the number %s is too large", word)
	default:
		s.say("%s is no number; write text in quotes, as in %q", word, word)
	}
}

// wordAt underlines and returns the word around a place.
func (s *syntax) wordAt(at int) string {
	from, to := at, at
	for from > 0 && wordRune(s.text[from-1]) {
		from--
	}
	for to < len(s.text) && wordRune(s.text[to]) {
		to++
	}
	s.under(from, max(to, from+1))
	return string(s.text[from:to])
}

func wordRune(r rune) bool {
	return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// openQuote returns where the last text begins that no quote ends.
func openQuote(text []rune) int {
	var quote rune
	start := 0
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case quote == 0 && strings.ContainsRune("\"'`", r):
			quote, start = r, i
		case quote != 0 && r == '\\' && quote != '`':
			i++
		case r == quote:
			quote = 0
		}
	}
	return start
}

func lowerStart(s string) string {
	if s == "" {
		return s
	}
	return strings.ReplaceAll(strings.ToLower(s[:1])+s[1:], "\n", " ")
}
