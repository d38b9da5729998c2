package lsp

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// operator joins two operands, or follows one.
type operator struct {
	text, doc string
	of        []eval.Kind // what stands before it; nil for anything
}

// joining are the operators that go on behind a condition.
func joining() []operator {
	return []operator{
		{"and", "Both conditions are true.", nil},
		{"or", "At least one of the conditions is true.", nil},
	}
}

// comparing are the operators that make a condition, or a value, of an operand.
func comparing() []operator {
	ordered := []eval.Kind{eval.Int, eval.Float, eval.Duration, eval.Time, eval.String}
	text := []eval.Kind{eval.String}
	numbers := []eval.Kind{eval.Int, eval.Float, eval.Duration}
	return []operator{
		{"==", "Both are equal.", nil},
		{"!=", "Both are not equal.", nil},
		{">=", "The left one is larger, or both are equal.", ordered},
		{"<=", "The left one is smaller, or both are equal.", ordered},
		{">", "The left one is larger.", ordered},
		{"<", "The left one is smaller.", ordered},
		{"contains", "The text on the left has the one on the right in it.", text},
		{"startsWith", "The text on the left begins with the one on the right.", text},
		{"endsWith", "The text on the left ends with the one on the right.", text},
		{"matches", "The text on the left matches the regular expression on the right.", text},
		{"in", "The list on the right has it, or the object on the right has a field of that name.", nil},
		{"not in", "The list or the object on the right does not have it.", nil},
		{"+", "The sum, or one text behind the other.", append(slices.Clone(numbers), eval.String)},
		{"-", "The difference.", numbers},
		{"??", "The left one, or the right one when the left one is nil.", nil},
	}
}

// words are the operators that look like names.
var words = []string{"and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else"}

// operand returns the text up to the end of an operand, when one stands before the word that is being typed.
func operand(source, word string) (before string, ok bool) {
	rest := source[:len(source)-len(word)]
	before = strings.TrimRightFunc(rest, unicode.IsSpace)
	if before == rest || before == "" {
		return "", false
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	if isWord(last) {
		return before, !slices.Contains(words, wordBefore(before))
	}
	return before, strings.ContainsRune(`)]"'`+"`", last)
}

var comparison = regexp.MustCompile(`==|!=|[<>]|\b(?:contains|startsWith|endsWith|matches|in)\b`)

// clause returns what stands behind the last `and`, `or`, comma or bracket that is still open.
func clause(before string) string {
	text := withoutQuotes(before)
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{', ',':
			if depth == 0 {
				return text[i+1:]
			}
			if text[i] != ',' {
				depth--
			}
		case ' ', '\n', '&', '|':
			if word := wordBefore(text[:i]); depth == 0 && (word == "and" || word == "or" || text[i] == '&' || text[i] == '|') {
				return text[i+1:]
			}
		}
	}
	return text
}

// operators offers what can follow an operand: conditions are joined, other values are compared first.
func (i *items) operators(env *eval.Env, before string) {
	t := eval.AnyType
	if len(before) <= maxExpression {
		t = typeAt(env, before, 0)
	}
	condition := t.Kind == eval.Bool || comparison.MatchString(clause(before))
	offered := joining()
	if !condition {
		offered = append(comparing(), offered...)
	} else if t.Kind == eval.Bool {
		offered = append(offered, comparing()[:2]...)
	}
	for _, o := range offered {
		if o.of == nil || t.Kind == eval.Any || slices.Contains(o.of, t.Kind) {
			i.add(completionItem{Label: o.text, Kind: itemOperator, Documentation: markdown(o.doc)}, o.text+" ")
		}
	}
}
