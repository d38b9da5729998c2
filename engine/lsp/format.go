package lsp

import (
	"encoding/json"
	"errors"

	"github.com/scenario-runner/scenario-runner/engine/format"
)

// formatting lays the document out as `scenario-runner fmt` does. A text that is no YAML is left as it is.
func (s *Server) formatting(params json.RawMessage) (any, error) {
	var p documentParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	out := []textEdit{}
	d := s.documents[p.TextDocument.URI]
	if d == nil || !d.ours() {
		return out, nil
	}
	formatted, err := format.Format(d.path, []byte(d.text), s.registry)
	switch {
	case errors.Is(err, format.ErrUnsafe):
		return nil, &responseError{Code: codeRequestFailed, Message: err.Error()}
	case err != nil || string(formatted) == d.text:
		return out, nil // the mistakes of the YAML are shown already
	}
	return append(out, textEdit{Range: d.span(0, len(d.text)), NewText: string(formatted)}), nil
}
