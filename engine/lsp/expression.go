package lsp

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// expressionAt returns the source of the expression that holds the cursor and where it begins. A field that is an
// expression is one as a whole; in any other text it stands between ${{ and }}.
func (s *Server) expressionAt(d *document, p place, offset int) (source string, from int, ok bool) {
	if p.key {
		return "", 0, false
	}
	t := s.resolve(d, p.path).scalar()
	if t.shape != nil && t.shape.Kind == field.Expression {
		text := d.text[p.from:p.to]
		from := p.from
		if text != "" && (text[0] == '"' || text[0] == '\'') {
			from++
			text = strings.TrimSuffix(text[1:], text[:1])
		}
		return text, from, offset >= from && offset <= from+len(text)
	}
	if p.from > offset || p.to < offset {
		return "", 0, false
	}
	start := strings.LastIndex(d.text[p.from:offset], "${{")
	if start < 0 || strings.Contains(d.text[p.from+start:offset], "}}") {
		return "", 0, false
	}
	from = p.from + start + 3
	source = d.text[from:p.to]
	if i := strings.Index(d.text[offset:p.to], "}}"); i >= 0 {
		source = d.text[from : offset+i]
	}
	return source, from, true
}

// point is what is known of a place inside an expression: the word that ends there, and what it is a part of.
type point struct {
	env    *eval.Env
	prefix string
	member bool
	base   eval.Type // of what the word is a member of
}

// usual are the names that every expression has. What a field adds is offered before them.
var usual = []string{"steps", "parameters", "matrix", "vars", "scenario", "secrets", "env"}

// fields returns what the word may become.
func (p point) fields() []eval.Field {
	if p.member {
		return fieldsOf(p.base)
	}
	out := fieldsOf(p.env.Names())
	slices.SortStableFunc(out, func(a, b eval.Field) int { return slices.Index(usual, a.Name) - slices.Index(usual, b.Name) })
	return out
}

func fieldsOf(t eval.Type) []eval.Field {
	var out []eval.Field
	for _, name := range t.Names() {
		if f, ok := t.Field(name); ok {
			out = append(out, f)
		}
	}
	return out
}

// analyse looks back from the end of an expression that is being typed.
func analyse(env *eval.Env, source string) point {
	word := wordBefore(source)
	p := point{env: env, prefix: word}
	rest := source[:len(source)-len(word)]
	base, dot := cutDot(rest)
	if !dot {
		return p
	}
	p.member = true
	if len(base) <= maxExpression {
		p.base = typeAt(env, base, 0)
	}
	return p
}

// cutDot takes "." or "?." off the end.
func cutDot(s string) (string, bool) {
	s, ok := strings.CutSuffix(strings.TrimRight(s, " \n\t"), ".")
	return strings.TrimSuffix(s, "?"), ok
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func wordBefore(s string) string {
	i := len(s)
	for i > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		if !isWord(r) {
			break
		}
		i -= size
	}
	return s[i:]
}

// wordLength returns the length of the word that s begins with.
func wordLength(s string) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) }); i >= 0 {
		return i
	}
	return len(s)
}

// maxDepth and maxExpression keep hostile text from taking time: nobody writes an expression of thousands of letters.
const (
	maxDepth      = 50
	maxExpression = 10_000
)

// typeAt returns the type of the operand that s ends with. An empty operand is the item of the predicate around it.
func typeAt(env *eval.Env, s string, depth int) eval.Type {
	s = strings.TrimRight(s, " \n\t")
	if depth > maxDepth {
		return eval.AnyType
	}
	switch {
	case strings.HasSuffix(s, "]"):
		return typeOfIndex(env, s, depth)
	case strings.HasSuffix(s, ")"):
		return typeOfCall(env, s, depth)
	case strings.HasSuffix(s, "#"):
		return itemType(env, s[:len(s)-1], depth)
	case strings.HasSuffix(s, `"`), strings.HasSuffix(s, "'"), strings.HasSuffix(s, "`"):
		return eval.Type{Kind: eval.String}
	}
	word := wordBefore(s)
	if t, ok := literal(word); ok {
		return t
	}
	if word == "" {
		return itemType(env, s, depth)
	}
	rest := s[:len(s)-len(word)]
	if base, dot := cutDot(rest); dot {
		return member(typeAt(env, base, depth+1), word)
	}
	return member(env.Names(), word)
}

// literal returns the type of a number, true or false.
func literal(word string) (eval.Type, bool) {
	switch {
	case word == "true", word == "false":
		return eval.Type{Kind: eval.Bool}, true
	case word != "" && strings.Trim(word, "0123456789_") == "" && word[0] != '_':
		return eval.Type{Kind: eval.Int}, true
	}
	return eval.Type{}, false
}

func member(t eval.Type, name string) eval.Type {
	if t.Kind == eval.Map && t.Elem != nil {
		return *t.Elem
	}
	f, ok := t.Field(name)
	if !ok {
		return eval.AnyType
	}
	return f.Type
}

func elem(t eval.Type) eval.Type {
	if t.Elem == nil {
		return eval.AnyType
	}
	return *t.Elem
}

// opening returns where the bracket that ends s begins, -1 when it does not.
func opening(s string) int {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

func typeOfIndex(env *eval.Env, s string, depth int) eval.Type {
	i := opening(s)
	if i < 0 {
		return eval.AnyType
	}
	base := typeAt(env, strings.TrimSuffix(s[:i], "?."), depth+1)
	index := strings.Trim(s[i+1:len(s)-1], ` "'`)
	if base.Kind == eval.Object {
		return member(base, index)
	}
	if strings.Contains(index, ":") { // a slice of a list
		return base
	}
	return elem(base)
}

func typeOfCall(env *eval.Env, s string, depth int) eval.Type {
	i := opening(s)
	if i < 0 {
		return eval.AnyType
	}
	name := wordBefore(s[:i])
	if name == "" { // only brackets
		return typeAt(env, s[:len(s)-1], depth+1)
	}
	first := func() eval.Type { return typeAt(env, s[:i+1]+firstArgument(s[i+1:len(s)-1]), depth+1) }
	switch name {
	case "filter", "sort", "sortBy", "reverse", "uniq", "concat", "take":
		return first()
	case "find", "findLast", "first", "last", "min", "max":
		return elem(first())
	}
	for _, f := range functionsOf(env) {
		if f.name == name {
			return f.result()
		}
	}
	return eval.AnyType
}

// firstArgument cuts a list of arguments at its first comma outside of brackets.
func firstArgument(s string) string {
	depth := 0
	for i, r := range s {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return s[:i]
			}
		}
	}
	return s
}

var predicates = []string{"all", "any", "one", "none", "filter", "map", "count", "find", "findIndex", "findLast", "findLastIndex", "groupBy", "sortBy", "sum", "reduce"}

// itemType returns the type of the items of the list that the predicate around the end of s goes over.
func itemType(env *eval.Env, s string, depth int) eval.Type {
	open := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ')', ']', '}':
			open++
		case '(', '[', '{':
			if open > 0 {
				open--
				continue
			}
			if s[i] != '(' || !slices.Contains(predicates, wordBefore(s[:i])) {
				continue
			}
			if first := firstArgument(s[i+1:]); len(first) < len(s)-i-1 {
				return elem(typeAt(env, s[:i+1]+first, depth+1))
			}
		}
	}
	return eval.AnyType
}
