package check

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

var directive = regexp.MustCompile(`(?:^|\s)#\s*(scenario-runner:\s?([a-zA-Z-]+))(.*)$`)

// ignoresOf finds the silencing comments of a file and reports those that are wrong.
func ignoresOf(f *source.File, mistakes *diag.List) []*ignore {
	var found []*ignore
	lines := strings.Split(string(f.Data), "\n")
	for l, line := range lines {
		m := directive.FindStringSubmatchIndex(strings.TrimSuffix(line, "\r"))
		if m == nil || !f.Comment(l+1, utf8.RuneCountInString(line[:m[2]])) {
			continue
		}
		c := comment{name: f.Name, line: l + 1, text: line, mistakes: mistakes}
		i := &ignore{at: c.at(m[2], m[3]), from: l + 1, to: l + 1}
		if strings.TrimSpace(line[:m[2]]) == "#" {
			i.from, i.to = next(lines, l)
		}
		switch word := line[m[4]:m[5]]; {
		case word != "ignore" && line[m[2]:m[4]] != "scenario-runner:": // prose that mentions the program
		case line[m[2]:m[3]] != Directive:
			mistakes.Add(i.at, "invalid-ignore", "unknown comment %q; did you mean %q?", line[m[2]:m[3]], Directive)
		default:
			i.checks = c.parse(i.at, m[6], m[7])
			found = append(found, i)
		}
	}
	return found
}

// next returns the numbers of the lines after index l that a comment there is about: the first that says something, and
// with an item of a list all of its lines.
func next(lines []string, l int) (from, to int) {
	k := l + 1
	for ; k < len(lines) && !says(lines[k]); k++ {
	}
	if k >= len(lines) {
		return l + 1, l + 1
	}
	from, to = k+1, k+1
	if !strings.HasPrefix(strings.TrimSpace(lines[k])+" ", "- ") {
		return from, to
	}
	for i := k + 1; i < len(lines); i++ {
		if says(lines[i]) {
			if indent(lines[i]) <= indent(lines[k]) {
				break
			}
			to = i + 1
		}
	}
	return from, to
}

// says reports whether a line is more than a comment.
func says(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && !strings.HasPrefix(text, "#")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// comment is a line with a silencing comment.
type comment struct {
	name     string
	line     int
	text     string
	mistakes *diag.List
}

// at returns the range of the bytes from (inclusive) to (exclusive) of the line.
func (c comment) at(from, to int) diag.Range {
	column := func(b int) diag.Position {
		return diag.Position{Line: c.line, Column: utf8.RuneCountInString(c.text[:b]) + 1}
	}
	return diag.Range{File: c.name, Start: column(from), End: column(to)}
}

var word = regexp.MustCompile(`[^\s,]+`)

// parse reads what follows the directive: the checks and the reason.
func (c comment) parse(at diag.Range, from, to int) []named {
	names, reason, _ := strings.Cut(c.text[from:to]+" ", " because ")
	var checks []named
	for _, m := range word.FindAllStringIndex(names, -1) {
		name, place := names[m[0]:m[1]], c.at(from+m[0], from+m[1])
		row, known := Get(name)
		switch {
		case !known:
			c.mistakes.Add(place, "invalid-ignore", "no check is called %q%s", name, proposal(name))
			return nil
		case !row.Silenceable():
			c.mistakes.Add(place, "invalid-ignore", "%s can't be ignored: %s", name, row.Refusal())
		default:
			checks = append(checks, named{name: name, at: place})
		}
	}
	switch {
	case strings.TrimSpace(names) == "":
		c.mistakes.Add(at, "invalid-ignore", "say which check is ignored and why: %s", form)
	case strings.TrimSpace(reason) == "":
		c.mistakes.Add(at, "invalid-ignore", "say why it is ignored: %s", form)
		return nil
	}
	return checks
}

func proposal(name string) string {
	if s := diag.Suggest(name, Names()); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	return "; scenario-runner checks lists them"
}
