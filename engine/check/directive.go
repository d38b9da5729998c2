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

// mostIgnores keeps a file that nobody has written from taking minutes.
const mostIgnores = 1000

// ignoresOf finds the silencing comments of a file and reports those that are wrong.
func ignoresOf(f *source.File, mistakes *diag.List) []*ignore {
	var found []*ignore
	seen := 0
	texts := f.Texts()
	r := newReach(strings.Split(string(f.Data), "\n"))
	for l, line := range r.lines {
		m := directive.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		c := comment{name: f.Name, line: l + 1, text: line, mistakes: mistakes}
		at := c.at(m[2], m[3])
		for len(texts) > 0 && !before(at.Start, texts[0].End) {
			texts = texts[1:]
		}
		if len(texts) > 0 && !before(at.Start, texts[0].Start) {
			continue // part of a text
		}
		if seen++; seen > mostIgnores {
			mistakes.Add(at, "invalid-ignore", "a file has at most %d silencing comments; correct what they silence", mostIgnores)
			return found
		}
		i := &ignore{at: at, from: l + 1, to: l + 1}
		if strings.TrimSpace(line[:m[2]]) == "#" {
			i.from, i.to = r.below(l)
		}
		switch word := line[m[4]:m[5]]; {
		case word != "ignore" && line[m[2]:m[4]] != "scenario-runner:": // prose that mentions the program
		case line[m[2]:m[3]] != Directive:
			mistakes.Add(at, "invalid-ignore", "unknown comment %q; did you mean %q?", line[m[2]:m[3]], Directive)
		default:
			i.checks = c.parse(at, m[6], m[7])
			found = append(found, i)
		}
	}
	return found
}

func before(a, b diag.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

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
