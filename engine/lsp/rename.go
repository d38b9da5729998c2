package lsp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

type renamePlace struct {
	Range       span   `json:"range"`
	Placeholder string `json:"placeholder"`
}

func (s *Server) prepareRename(d *document, offset int) *renamePlace {
	o, _ := s.nameAt(d, offset)
	if !o.renamable() {
		return nil
	}
	return &renamePlace{Range: d.span(o.from, o.to), Placeholder: o.id}
}

// renamable reports whether the name is known in this file only. The parameters of a template are known to those who use it.
func (o occurrence) renamable() bool { return o.id != "" && o.section != "parameters" }

var (
	stepID     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// rename gives something another name, everywhere in the file.
func (s *Server) rename(params json.RawMessage) (any, error) {
	var p positionParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	d := s.documents[p.TextDocument.URI]
	if d == nil || !d.ours() {
		return nil, nil
	}
	o, same := s.nameAt(d, d.offset(p.Position))
	if why := s.refused(d, o, p.NewName); why != "" {
		return nil, &responseError{Code: codeRequestFailed, Message: why}
	}
	edits := make([]textEdit, len(same))
	for i, x := range same {
		edits[i] = textEdit{Range: d.span(x.from, x.to), NewText: p.NewName}
	}
	return workspaceEdit{Changes: map[string][]textEdit{d.uri: edits}}, nil
}

// refused says why a name can't become another one, "" when it can.
func (s *Server) refused(d *document, o occurrence, name string) string {
	switch {
	case o.section == "parameters":
		return fmt.Sprintf("parameter %q can't be renamed here: the files that use this template give it by name", o.id)
	case o.id == "":
		return "only ids of steps, vars, secrets and axes of the matrix can be renamed"
	case o.section == "steps" && !stepID.MatchString(name):
		return fmt.Sprintf("%q can't be an id: it must start with a lower-case letter and have only lower-case letters, digits and underscores", name)
	case !identifier.MatchString(name):
		return fmt.Sprintf("%q can't be a name in expressions: it must start with a letter and have only letters, digits and underscores", name)
	}
	taken := func(x occurrence) bool { return x.definition && x.section == o.section && x.id == name }
	switch {
	case name == o.id || !slices.ContainsFunc(s.occurrences(d), taken):
		return ""
	case o.section == "steps":
		return fmt.Sprintf("id %q is used by another step", name)
	}
	return fmt.Sprintf("%s has another %q", o.section, name)
}
