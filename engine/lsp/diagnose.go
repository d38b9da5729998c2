package lsp

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// publish tells the client what is wrong with a document.
func (s *Server) publish(d *document) error {
	return s.out.send(notification{"2.0", "textDocument/publishDiagnostics", publishParams{
		URI: d.uri, Version: d.version, Diagnostics: s.diagnostics(d),
	}})
}

func (s *Server) diagnostics(d *document) []diagnostic {
	out := []diagnostic{}
	if !d.ours() {
		return out
	}
	for _, found := range s.inspect(d).Diagnostics {
		out = append(out, d.diagnostic(found))
	}
	return out
}

func (d *document) diagnostic(found diag.Diagnostic) diagnostic {
	out := diagnostic{
		Range: d.spanOf(found.Range), Severity: severity(found.Severity), Code: found.Check, Source: "scenario-runner", Message: found.Message,
	}
	if found.Range.File != d.path && found.Range.File != "" {
		out.Range = span{} // it stands in another file, which the message names
		out.Message = found.Range.String() + ": " + found.Message
	}
	for _, n := range found.Notes {
		if n.Range.File == d.path && !n.Range.IsZero() {
			out.Related = append(out.Related, related{Location: location{URI: d.uri, Range: d.spanOf(n.Range)}, Message: n.Message})
			continue
		}
		out.Message += "\n" + n.Message
	}
	return out
}

// cures are the messages that say what to write instead: the first group is what is wrong, the second what is right.
var cures = []*regexp.Regexp{
	regexp.MustCompile(`"([^"]+)".*; did you mean "([^"]+)"\?`),
	regexp.MustCompile(`^id "([^"]+)" can't be used: .*; write "([^"]+)"$`),
}

// actions offers the cure that a diagnostic in the range proposes.
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
	for _, found := range s.inspect(d).Diagnostics {
		at := d.spanOf(found.Range)
		if before(at.End, p.Range.Start) || before(p.Range.End, at.Start) {
			continue
		}
		if edit, ok := d.cure(found); ok {
			out = append(out, codeAction{
				Title: "Write " + edit.NewText, Kind: "quickfix", Preferred: true, Diagnostics: []diagnostic{d.diagnostic(found)},
				Edit: workspaceEdit{Changes: map[string][]textEdit{d.uri: {edit}}},
			})
		}
	}
	return out, nil
}

// cure returns the edit that a message proposes. What is wrong must stand in the diagnostic's range.
func (d *document) cure(found diag.Diagnostic) (textEdit, bool) {
	for _, c := range cures {
		m := c.FindStringSubmatch(found.Message)
		if m == nil {
			continue
		}
		from, to := d.bounds(found.Range)
		i := strings.Index(d.text[from:to], m[1])
		if i < 0 {
			continue
		}
		return textEdit{Range: d.span(from+i, from+i+len(m[1])), NewText: m[2]}, true
	}
	return textEdit{}, false
}
