package postgres

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// widest is how much of a line of a statement is shown around a mistake.
const widest = 100

// Explain turns an error of this package into a failure that shows where in the statement the server has found the
// mistake. Other errors are returned as they are.
func Explain(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	lines := marked(e.sql, e.position)
	if e.hint != "" {
		lines = append(lines, "hint: "+strings.TrimSuffix(e.hint, "."))
	}
	f := &step.Failure{Verdict: step.Errored, Message: err.Error()}
	return f.Explain("statement", lines...)
}

// about says which statement an error is about.
func about(err error, sql string) error {
	if e, ok := errors.AsType[*Error](err); ok && e.sql == "" {
		e.sql = sql
	}
	return err
}

// marked returns the line of a statement that a position is in, and a caret below it.
func marked(sql string, position int) []string {
	runes := []rune(sql)
	if position < 1 || position > len(runes)+1 {
		return nil
	}
	before := string(runes[:position-1])
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(sql[start:], "\n")
	column := utf8.RuneCountInString(before[start:])
	text := []rune(strings.ReplaceAll(line, "\t", " "))
	if column > widest/2 {
		text, column = append([]rune("…"), text[column-widest/2:]...), widest/2+1
	}
	if len(text) > widest {
		text = append(text[:widest:widest], '…')
	}
	return []string{strings.TrimRight(string(text), " \r"), strings.Repeat(" ", column) + "^"}
}

// Shorten writes a statement for people in one line of at most length characters.
func Shorten(sql string, length int) string {
	line := strings.Join(strings.Fields(sql), " ")
	if r := []rune(line); len(r) > length {
		return strings.TrimRight(string(r[:length]), " ") + "…"
	}
	return line
}
