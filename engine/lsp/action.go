package lsp

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// cure is an edit that does away with a mistake.
type cure struct {
	title     string
	from, to  int
	text      string
	preferred bool
}

// cures are what is proposed for one mistake in one document.
type cures struct {
	server     *Server
	document   *document
	inspection *scenario.Inspection
	found      diag.Diagnostic
	from, to   int // of the mistake
	list       []cure
}

// actions offers what cures the mistakes in a range.
func (s *Server) actions(params json.RawMessage) (any, error) {
	var p actionParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	out := []codeAction{}
	d := s.documents[p.TextDocument.URI]
	if d == nil || !d.ours() {
		return out, nil
	}
	i := s.inspect(d)
	for _, found := range i.Diagnostics {
		at := d.spanOf(found.Range)
		if found.Range.File != d.path || before(at.End, p.Range.Start) || before(p.Range.End, at.Start) {
			continue
		}
		for _, c := range s.curesOf(d, i, found) {
			out = append(out, codeAction{
				Title: c.title, Kind: "quickfix", Preferred: c.preferred, Diagnostics: []diagnostic{d.diagnostic(found)},
				Edit: workspaceEdit{Changes: map[string][]textEdit{d.uri: {{Range: d.span(c.from, c.to), NewText: c.text}}}},
			})
		}
	}
	return out, nil
}

func (s *Server) curesOf(d *document, i *scenario.Inspection, found diag.Diagnostic) []cure {
	c := &cures{server: s, document: d, inspection: i, found: found}
	c.from, c.to = d.bounds(found.Range)
	c.proposal()
	c.choices()
	c.rewrite()
	switch found.Check {
	case "missing-field":
		c.missingField()
	case "missing-parameter":
		c.missingParameter()
	case "asserts-nothing":
		c.judge()
	case "needless-needs":
		c.removeEntry()
	case "unused-ignore":
		c.removeComment()
	}
	c.silence()
	return c.list
}

// write proposes a text in place of what stands in a part of the mistake's range.
func (c *cures) write(from, to int, text string, preferred bool) {
	c.list = append(c.list, cure{title: "Write " + text, from: from, to: to, text: text, preferred: preferred})
}

// replace proposes a text in place of another one that stands in the mistake's range.
func (c *cures) replace(old, text string, preferred bool) {
	if i := strings.Index(c.document.text[c.from:c.to], old); i >= 0 && old != "" {
		c.write(c.from+i, c.from+i+len(old), text, preferred)
	}
}

// The messages that say what to write instead of a quoted text, or instead of all that is marked.
var (
	quotation = regexp.MustCompile(`"([^"]+)"`)
	proposed  = regexp.MustCompile(`^(.*); did you mean "([^"]+)"\?`)
	renamed   = regexp.MustCompile(`^id "([^"]+)" can't be used: .*; write "([^"]+)"$`)
	bare      = regexp.MustCompile(`; did you mean (\{[^?]+\}|[^"?\s]+)\?$`)
	choice    = regexp.MustCompile(`"([^"]+)".*; choose one of ([^;]+)$`)
)

// proposal takes the "did you mean" of the message.
func (c *cures) proposal() {
	if m := proposed.FindStringSubmatch(c.found.Message); m != nil {
		c.replace(c.marked(m[1]), m[2], true)
		return
	}
	if m := renamed.FindStringSubmatch(c.found.Message); m != nil {
		c.replace(m[1], m[2], true)
		return
	}
	if m := bare.FindStringSubmatch(c.found.Message); m != nil {
		c.write(c.from, c.to, m[1], true)
	}
}

// marked returns which of the texts that a message quotes is the one in the file.
func (c *cures) marked(message string) string {
	text := c.document.text[c.from:c.to]
	old := ""
	for _, m := range quotation.FindAllStringSubmatch(message, -1) {
		if strings.Trim(text, `"'`) == m[1] {
			return m[1]
		}
		if old == "" && strings.Contains(text, m[1]) {
			old = m[1]
		}
	}
	return old
}

// mostChoices is from how few values one is chosen in a menu.
const mostChoices = 6

// choices takes the values of a message that lists all of them.
func (c *cures) choices() {
	m := choice.FindStringSubmatch(c.found.Message)
	if m == nil {
		return
	}
	values := strings.Split(m[2], ", ")
	if len(values) > mostChoices {
		return
	}
	for _, value := range values {
		c.replace(m[1], value, len(values) == 1)
	}
}

var durational = regexp.MustCompile(`(^|[^(\w])("[0-9][0-9.]*(?:ms|s|m|h)(?:[0-9.]+(?:ms|s|m))*"|'[0-9][0-9.]*(?:ms|s|m|h)(?:[0-9.]+(?:ms|s|m))*')`)

// rewrite corrects expressions whose mistake has one cure.
func (c *cures) rewrite() {
	text := c.document.text[c.from:c.to]
	switch message := c.found.Message; {
	case strings.HasSuffix(message, "write == to compare"):
		c.replace("=", "==", true)
	case strings.HasSuffix(message, "write it without ${{ }}"):
		if from, to := strings.Index(text, "${{"), strings.LastIndex(text, "}}"); from >= 0 && to > from {
			c.write(c.from+from, c.from+to+2, strings.TrimSpace(text[from+3:to]), true)
		}
	case strings.Contains(message, `write duration("`):
		p := placeAt(c.document.text, c.from)
		if p.to <= p.from {
			return
		}
		if all := durational.FindAllStringSubmatchIndex(c.document.text[p.from:p.to], 2); len(all) == 1 {
			from, to := p.from+all[0][4], p.from+all[0][5]
			c.write(from, to, "duration("+c.document.text[from:to]+")", true)
		}
	}
}

// silence puts a comment above the line that silences the check there. Its reason is left to the author: until one is
// given, the comment itself is reported.
func (c *cures) silence() {
	known, ok := check.Get(c.found.Check)
	if !ok || !known.Silenceable() || c.found.Severity != diag.Warning {
		return
	}
	line := c.found.Range.Start.Line - 1
	text := c.document.lineText(line)
	at := c.document.lines[line]
	if p := placeAt(c.document.text, c.from); p.found && !p.key && p.from <= at {
		return // inside a text of several lines, where nothing is a comment
	}
	c.list = append(c.list, cure{
		title: "Silence " + c.found.Check + " here, with a reason", from: at, to: at,
		text: text[:indentOf(text)] + "# " + check.Directive + " " + c.found.Check + " because \n",
	})
}

// removeComment takes a comment away that silences nothing.
func (c *cures) removeComment() {
	line := c.found.Range.Start.Line - 1
	start, text := c.document.lines[line], c.document.lineText(line)
	i := strings.LastIndex(text[:c.from-start], "#")
	if i < 0 || strings.Contains(text[i:], ",") {
		return // a comment for several checks
	}
	kept := strings.TrimRight(text[:i], " \t")
	from, to := start+len(kept), start+len(text)
	if kept == "" && line+1 < len(c.document.lines) {
		to = c.document.lines[line+1] // a line of its own
	}
	c.list = append(c.list, cure{title: "Remove the comment", from: from, to: to, preferred: true})
}
