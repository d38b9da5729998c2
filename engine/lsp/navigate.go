package lsp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// definition goes to the step of an id, to the entry of a name in vars, secrets or given, or to a file that is named.
func (s *Server) definition(d *document, offset int) []location {
	if o, same := s.nameAt(d, offset); o.id != "" {
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
		if found := s.nameDefinition(d, p, text, from, offset); len(found) > 0 {
			return found
		}
		return s.fieldDefinition(d, p, text, from, offset)
	}
	if found := s.templateDefinition(d, p, offset); len(found) > 0 {
		return found
	}
	if file, ok := fileAt(d, p); ok {
		return []location{{URI: uriOf(file)}}
	}
	out := []location{}
	for _, o := range s.objectsAt(d, p, offset) {
		out = append(out, location{URI: o.uri, Range: o.span})
	}
	return out
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
	case dot && owner != "steps" && slices.Contains(sections(), owner) && base == strings.TrimRight(base, ".") && !strings.HasSuffix(strings.TrimSuffix(base, owner), "."):
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

// fieldDefinition finds where the field under the cursor is declared.
func (s *Server) fieldDefinition(d *document, p place, text string, from, offset int) []location {
	end := offset - from + wordLength(text[offset-from:])
	at := analyse(s.envAt(d, p, offset), text[:end])
	if !at.member {
		return []location{}
	}
	i := s.readable(d, offset)
	if found := s.outputDefinition(i, text[:end]); len(found) > 0 {
		return found
	}
	f, _ := at.base.Field(at.prefix)
	return s.declaration(d, i, f.Origin)
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

type referenceParams struct {
	positionParams
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

// references lists where a name stands, without the place that gives it a meaning when the client wants none of it.
func (s *Server) references(params json.RawMessage) (any, error) {
	var p referenceParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	out := []location{}
	d := s.documents[p.TextDocument.URI]
	if d == nil || !d.ours() {
		return out, nil
	}
	_, same := s.nameAt(d, d.offset(p.Position))
	for _, o := range same {
		if p.Context.IncludeDeclaration || !o.definition {
			out = append(out, location{URI: d.uri, Range: d.span(o.from, o.to)})
		}
	}
	return out, nil
}

type highlight struct {
	Range span `json:"range"`
	Kind  int  `json:"kind"`
}

// Kinds of highlights.
const (
	highlightRead  = 2
	highlightWrite = 3
)

// highlights marks where the name under the cursor stands in the file.
func (s *Server) highlights(d *document, offset int) []highlight {
	_, same := s.nameAt(d, offset)
	out := make([]highlight, len(same))
	for i, o := range same {
		out[i] = highlight{Range: d.span(o.from, o.to), Kind: highlightRead}
		if o.definition {
			out[i].Kind = highlightWrite
		}
	}
	return out
}
