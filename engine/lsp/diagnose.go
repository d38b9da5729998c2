package lsp

import (
	"github.com/scenario-runner/scenario-runner/engine/check"
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
	if _, described := check.Get(found.Check); described {
		out.CodePage = &codePage{Href: check.HelpURI(found.Check)}
	}
	if found.Range.File != d.path && found.Range.File != "" {
		out.Range = d.useOf(found) // it stands in another file, which the message names
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

// useOf returns where a document leads to another file in which something was found: the note that stands in it, else
// its start.
func (d *document) useOf(found diag.Diagnostic) span {
	for _, n := range found.Notes {
		if n.Range.File == d.path && !n.Range.IsZero() {
			return d.spanOf(n.Range)
		}
	}
	return span{}
}
