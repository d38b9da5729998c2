package eval

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Text is a string whose ${{ }} parts are expressions. The zero Text is empty.
type Text struct {
	parts []part
}

type part struct {
	literal string
	program *Program
}

// Literal returns the text s as it is: a ${{ }} in it is no expression.
func Literal(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{parts: []part{{literal: s}}}
}

// CompileText compiles a string. Offsets of problems count runes of text.
func (e *Env) CompileText(text string) (Text, []*Problem) {
	var t Text
	var problems []*Problem
	rest, offset := text, 0
	for {
		before, after, found := strings.Cut(rest, "${{")
		if before != "" {
			t.parts = append(t.parts, part{literal: before})
		}
		if !found {
			return t, problems
		}
		offset += len([]rune(before)) + 3
		source, closed := untilClose(after)
		if !closed {
			if quoted, _, found := strings.Cut(after, "}}"); found { // the end is there, inside of a text that never ends
				_, open := e.compilePart(quoted, offset)
				if len(open) > 0 {
					return t, append(problems, open...)
				}
			}
			problems = append(problems, &Problem{From: offset - 3, To: offset, Check: "expression-syntax", Message: `"${{" is never closed; end the expression with "}}"`})
			return t, problems
		}
		program, wrong := e.compilePart(source, offset)
		problems = append(problems, wrong...)
		if program != nil {
			t.parts = append(t.parts, part{program: program})
		}
		offset += len([]rune(source)) + 2
		rest = after[len(source)+2:]
	}
}

func (e *Env) compilePart(source string, offset int) (*Program, []*Problem) {
	trimmed := strings.TrimLeft(source, " \t\n")
	offset += len([]rune(source)) - len([]rune(trimmed))
	trimmed = strings.TrimRight(trimmed, " \t\n")
	if trimmed == "" {
		return nil, []*Problem{{From: offset - 1, To: offset, Check: "expression-syntax", Message: "the expression between ${{ and }} is empty"}}
	}
	p, problems := e.CompileAll(trimmed, Any)
	if p != nil {
		p.Offset = offset
	}
	for _, problem := range problems {
		problem.From += offset
		problem.To += offset
	}
	return p, problems
}

// untilClose returns the text before the }} that closes an expression. Braces of map literals and quoted text are passed over.
func untilClose(s string) (string, bool) {
	depth := 0
	var quote rune
	escaped := false
	for i, r := range s {
		switch {
		case escaped:
			escaped = false
		case quote != 0:
			if r == '\\' && quote != '`' {
				escaped = true
			} else if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case r == '{':
			depth++
		case r == '}':
			if depth == 0 {
				if strings.HasPrefix(s[i:], "}}") {
					return s[:i], true
				}
				continue
			}
			depth--
		}
	}
	return "", false
}

// Dynamic reports whether t has an expression.
func (t Text) Dynamic() bool {
	for _, p := range t.parts {
		if p.program != nil {
			return true
		}
	}
	return false
}

// Empty reports whether t is the empty string.
func (t Text) Empty() bool { return len(t.parts) == 0 }

// Programs returns the expressions of t in order.
func (t Text) Programs() []*Program {
	var out []*Program
	for _, p := range t.parts {
		if p.program != nil {
			out = append(out, p.program)
		}
	}
	return out
}

// Single returns the expression when t is nothing but one, else nil. Such a text keeps the type of its value.
func (t Text) Single() *Program {
	if len(t.parts) == 1 {
		return t.parts[0].program
	}
	return nil
}

// Eval returns the text with its expressions replaced by their values.
func (t Text) Eval(scope Scope) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.literal)
			continue
		}
		v, err := p.program.Eval(scope)
		if err != nil {
			return "", fmt.Errorf("${{ %s }}: %w", p.program.Source, err)
		}
		s, err := ToText(v)
		if err != nil {
			return "", fmt.Errorf("${{ %s }}: %w", p.program.Source, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// Value returns the value of a Single text with its type, else what Eval returns.
func (t Text) Value(scope Scope) (any, error) {
	p := t.Single()
	if p == nil {
		return t.Eval(scope)
	}
	v, err := p.Eval(scope)
	if err != nil {
		return nil, fmt.Errorf("${{ %s }}: %w", p.Source, err)
	}
	return v, nil
}

// ToText writes a value into a string. nil is an error, since "nothing" in the middle of a name is never meant.
func ToText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", fmt.Errorf("it is nothing, which can't be part of a text")
	case string:
		return v, nil
	case time.Duration:
		return v.String(), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	case []any, map[string]any:
		data, err := json.Marshal(v)
		return string(data), err
	}
	return fmt.Sprint(v), nil
}
