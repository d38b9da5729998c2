package lsp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// definition goes to the step of an id, to the entry of a name in vars, secrets or given, or to a file that is named.
func (s *Server) definition(d *document, offset int) []location {
	if o, same := s.idAt(d, offset); o.id != "" {
		out := []location{}
		for _, x := range same {
			if x.definition {
				out = append(out, location{URI: d.uri, Range: d.span(x.from, x.to)})
			}
		}
		return out
	}
	p := placeAt(d.text, offset)
	if !p.found {
		return []location{}
	}
	if text, from, ok := s.expressionAt(d, p, offset); ok {
		return s.nameDefinition(d, p, text, from, offset)
	}
	if file, ok := fileAt(d, p); ok {
		return []location{{URI: uriOf(file)}}
	}
	return []location{}
}

// nameDefinition finds where the name under the cursor is given a value.
func (s *Server) nameDefinition(d *document, p place, text string, from, offset int) []location {
	end := offset - from + wordLength(text[offset-from:])
	before := text[:end]
	word := wordBefore(before)
	root := s.readable(d, offset).File.Root
	if root == nil || word == "" {
		return []location{}
	}
	base, dot := cutDot(before[:len(before)-len(word)])
	var section *yaml.Node
	switch owner := wordBefore(base); {
	case dot && (owner == "vars" || owner == "secrets") && base == strings.TrimRight(base, ".") && !strings.HasSuffix(strings.TrimSuffix(base, owner), "."):
		section, _ = source.Lookup(root, owner)
	case !dot:
		section = givenAt(root, p.path)
	}
	if section == nil {
		return []location{}
	}
	_, key := source.Lookup(section, word)
	if key == nil {
		return []location{}
	}
	return []location{{URI: d.uri, Range: d.spanOf(s.readable(d, offset).File.Range(key))}}
}

// givenAt returns the mapping `given` nearest above a path.
func givenAt(root *yaml.Node, path []string) *yaml.Node {
	var found *yaml.Node
	n := root
	for _, key := range path {
		if given, _ := source.Lookup(n, "given"); given != nil {
			found = given
		}
		n = follow(n, key)
		if n == nil {
			break
		}
	}
	return found
}

func follow(n *yaml.Node, key string) *yaml.Node {
	n = source.Follow(n)
	if n != nil && n.Kind == yaml.SequenceNode {
		var i int
		if _, err := fmt.Sscan(key, &i); err != nil || i < 0 || i >= len(n.Content) {
			return nil
		}
		return n.Content[i]
	}
	value, _ := source.Lookup(n, key)
	return value
}

// localFile returns the path of a file or folder that exists below the document's folder.
func localFile(d *document, name string) (string, bool) {
	if name == "" || !filepath.IsLocal(filepath.FromSlash(name)) || !filepath.IsAbs(d.path) {
		return "", false
	}
	path := filepath.Join(filepath.Dir(d.path), filepath.FromSlash(name))
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

func (s *Server) references(d *document, offset int) []location {
	_, same := s.idAt(d, offset)
	out := make([]location, len(same))
	for i, o := range same {
		out[i] = location{URI: d.uri, Range: d.span(o.from, o.to)}
	}
	return out
}

type renamePlace struct {
	Range       span   `json:"range"`
	Placeholder string `json:"placeholder"`
}

func (s *Server) prepareRename(d *document, offset int) *renamePlace {
	o, _ := s.idAt(d, offset)
	if o.id == "" {
		return nil
	}
	return &renamePlace{Range: d.span(o.from, o.to), Placeholder: o.id}
}

var stepID = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// rename gives a step another id, everywhere in the file.
func (s *Server) rename(params json.RawMessage) (any, error) {
	var p positionParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	d := s.documents[p.TextDocument.URI]
	if d == nil || !d.ours() {
		return nil, nil
	}
	o, same := s.idAt(d, d.offset(p.Position))
	switch {
	case o.id == "":
		return nil, &responseError{Code: codeRequestFailed, Message: "only the id of a step can be renamed"}
	case !stepID.MatchString(p.NewName):
		return nil, &responseError{Code: codeRequestFailed, Message: fmt.Sprintf("%q can't be an id: it must start with a lower-case letter and have only lower-case letters, digits and underscores", p.NewName)}
	case p.NewName != o.id && slices.ContainsFunc(s.occurrences(d), func(x occurrence) bool { return x.definition && x.id == p.NewName }):
		return nil, &responseError{Code: codeRequestFailed, Message: fmt.Sprintf("id %q is used by another step", p.NewName)}
	}
	edits := make([]textEdit, len(same))
	for i, x := range same {
		edits[i] = textEdit{Range: d.span(x.from, x.to), NewText: p.NewName}
	}
	return workspaceEdit{Changes: map[string][]textEdit{d.uri: edits}}, nil
}
