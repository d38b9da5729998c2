package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/parser/lexer"
)

// foreign are the operators of other languages, with what is written here.
var foreign = map[string]string{
	"and": "and", "or": "or", "not": "not", "in": "in", "is": "==", "equals": "==", "eq": "==", "ne": "!=", "neq": "!=",
	"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "like": "contains", "has": "contains", "includes": "contains",
	"contains": "contains", "matches": "matches", "startswith": "startsWith", "endswith": "endsWith",
}

// doubled are operators that other languages write with one character more, or with others.
var doubled = []struct{ first, second, here string }{
	{"==", "=", "=="}, {"!=", "=", "!="}, {"<", ">", "!="}, {"=", "<", "<="},
}

// unexpected explains a word that the parser does not understand where it stands.
func (s *syntax) unexpected() {
	t := s.token(0)
	s.under(t.From, max(t.To, t.From+1))
	for _, d := range doubled {
		switch {
		case t.Value == d.second && s.token(-1).Value == d.first && s.token(-1).To == t.From:
			s.instead(s.token(-1), t, d.here)
			return
		case t.Value == d.first && s.token(1).Value == d.second && s.token(1).From == t.To:
			s.instead(t, s.token(1), d.here)
			return
		}
	}
	switch {
	case t.Value == "=" && s.token(1).Value == ">" && s.token(1).From == t.To:
		s.To++
		s.say(`"=>" is written >= to compare; inside any, all, count … the item has no name: write .field of it`)
	case t.Is(lexer.Operator, "="):
		s.say(`"=" assigns nothing here; write == to compare`)
		s.replace("==")
	case t.Is(lexer.Operator, "&"):
		s.say(`"&" is written and here`)
		s.replace("and")
	case s.piped():
	case t.Kind == lexer.Identifier:
		s.word(t)
	case t.Kind == lexer.Number || t.Kind == lexer.String:
		s.say("an operator such as == or and is missing before %s", s.quoted(t))
	case t.Is(lexer.Bracket, ")", "]", "}"):
		s.closing(t)
	case t.Is(lexer.Operator, ".", "#", "?."):
		s.say(`%q stands for the item inside any, all, count and the like, as in any(list, .name == "x"); here is none`, t.Value)
	case t.Kind == lexer.Operator && s.index == 0 || s.token(-1).Kind == lexer.Operator || s.token(-1).Is(lexer.Bracket, "(", "["):
		s.say("something is missing before %q", t.Value)
	default:
		s.say("%q can't stand here", t.Value)
	}
}

// instead proposes the operator that is written here for two words that stand side by side.
func (s *syntax) instead(first, second lexer.Token, here string) {
	s.under(first.From, second.To)
	s.say("%q is written %s here", first.Value+second.Value, here)
	s.replace(here)
}

// piped explains a | that no call follows.
func (s *syntax) piped() bool {
	for _, back := range []int{-1, -2} {
		bar := s.token(back)
		if !bar.Is(lexer.Operator, "|") || back == -2 && s.token(-1).Kind != lexer.Identifier {
			continue
		}
		s.under(bar.From, bar.To)
		s.say("| hands a list to a function, as in pods | len(); write or between conditions")
		return true
	}
	return false
}

func (s *syntax) word(t lexer.Token) {
	if here, ok := foreign[strings.ToLower(t.Value)]; ok {
		s.say("%q is written %s here", t.Value, here)
		s.replace(here)
		return
	}
	s.say("an operator such as == or and is missing before %s", s.quoted(t))
}

// quoted writes a word as the author did.
func (s *syntax) quoted(t lexer.Token) string {
	return string(s.text[min(t.From, len(s.text)):min(t.To, len(s.text))])
}

var opening = map[string]string{")": "(", "]": "[", "}": "{"}

// closing explains a bracket that closes nothing, or one before which something is missing.
func (s *syntax) closing(t lexer.Token) {
	open := s.open(s.index)
	switch {
	case len(open) == 0:
		s.say("%q closes nothing; there is no %q before it", t.Value, opening[t.Value])
	case open[len(open)-1].Value != opening[t.Value]:
		last := open[len(open)-1]
		s.under(last.From, last.To)
		s.say("%q is not closed before %q", last.Value, t.Value)
	default:
		s.say("something is missing before %q", t.Value)
	}
}

// open returns the brackets that are not closed before a token.
func (s *syntax) open(until int) []lexer.Token {
	var open []lexer.Token
	for _, t := range s.tokens[:until] {
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			open = append(open, t)
		case t.Kind == lexer.Bracket && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	return open
}

// tooEarly explains an expression that ends before it is complete.
func (s *syntax) tooEarly() {
	last := s.token(-1)
	s.under(last.From, last.To)
	open := s.open(len(s.tokens))
	isLet := slices.ContainsFunc(s.tokens, func(t lexer.Token) bool { return t.Is(lexer.Operator, "let") })
	switch {
	case len(s.tokens) == 1:
		s.say("there is no expression here")
	case s.piped():
	case last.Kind == lexer.Operator:
		s.say("the expression ends too early: something must follow %q", last.Value)
	case len(open) > 0:
		first := open[len(open)-1]
		s.under(first.From, first.To)
		s.say("%q is never closed", first.Value)
	case s.tokens[0].Is(lexer.Operator, "if"):
		s.under(s.tokens[0].From, s.tokens[0].To)
		s.say("if needs { } and else { }; a condition stands alone, and a choice is written condition ? this : that")
	case isLet:
		s.say("a let gives a value a name for what follows; write ; and an expression after it")
	default:
		s.say("the expression ends too early")
	}
}

// tooFew names the function that needs more.
func (s *syntax) tooFew() {
	depth := 0
	for i := s.index - 1; i >= 0; i-- {
		switch t := s.tokens[i]; {
		case t.Is(lexer.Bracket, ")"):
			depth++
		case t.Is(lexer.Bracket, "(") && depth > 0:
			depth--
		case t.Is(lexer.Bracket, "(") && i > 0:
			name := s.tokens[i-1]
			s.under(name.From, name.To)
			s.say("%s needs a list and what is asked of each item, as in %s", name.Value, predicateExample(name.Value))
			return
		}
	}
	s.say("%s", lowerStart(s.message))
}

func predicateExample(name string) string {
	if slices.Contains([]string{"map", "groupBy", "sortBy", "sum"}, name) {
		return fmt.Sprintf("%s(pods, .name)", name)
	}
	return fmt.Sprintf("%s(pods, .ready)", name)
}
