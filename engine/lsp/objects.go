package lsp

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Objects knows the objects that manifests hold, and how scenarios name them. The server knows nothing of them itself.
type Objects interface {
	// Files returns the files that the text of a field with manifests stands for, relative to the folder dir, which they do
	// not leave.
	Files(dir, name string) []string
	// Of returns the objects that a document of a manifest holds.
	Of(n *yaml.Node) []Object
	// Kinds lists what objects can be, by the names that lists of them have: pods, deployments.
	Kinds() []string
	// Means reports whether the text of a scenario names the object: deployment/web, deploy/web.
	Means(text string, o Object) bool
	// Declared returns the node of a definition of a kind that declares a field of its objects, nil when it is another's.
	Declared(origin string, definition *yaml.Node) *yaml.Node
}

// Object is an object of a manifest.
type Object struct {
	Reference  string // what scenarios write to name it: deployment/web
	Kind, Name string
	APIVersion string
	Node       *yaml.Node // its name, as it stands in the manifest
}

// placed is an object and where it stands.
type placed struct {
	Object
	uri  string
	file string // as the scenario calls it, "" when the object stands in the scenario
	span span
}

// The most that is read to answer one request.
const (
	mostManifests   = 200
	largestManifest = 1 << 20
)

// objects lists the objects that the steps of a document bring along, in the order of the text.
func (s *Server) objects(d *document, i *scenario.Inspection) []placed {
	if s.options.Objects == nil || i.File.Root == nil {
		return nil
	}
	var out []placed
	read := 0
	s.visit(i.File.Root, target{shape: s.top}, func(n *yaml.Node, t target) bool {
		if t.field == nil || t.field.Refers != "manifest" {
			return true
		}
		switch n.Kind {
		case yaml.MappingNode:
			for _, o := range s.options.Objects.Of(n) {
				out = append(out, placed{Object: o, uri: d.uri, span: d.spanOf(i.File.Range(o.Node))})
			}
			return false
		case yaml.ScalarNode:
			for _, name := range s.options.Objects.Files(d.dir(), n.Value) {
				if read++; read <= mostManifests {
					out = append(out, s.manifest(d, name)...)
				}
			}
		}
		return true
	})
	return out
}

// manifest reads the objects of a file.
func (s *Server) manifest(d *document, name string) []placed {
	path := filepath.Join(d.dir(), filepath.FromSlash(name))
	data, ok := s.read(path)
	if !ok {
		return nil
	}
	uri := uriOf(path)
	file := newDocument(uri, 0, string(data))
	var out []placed
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		if decoder.Decode(&n) != nil || len(n.Content) == 0 {
			return out
		}
		for _, o := range s.options.Objects.Of(n.Content[0]) {
			at := diag.Position{Line: o.Node.Line, Column: o.Node.Column}
			from := file.at(at)
			if o.Node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
				from++
			}
			out = append(out, placed{Object: o, uri: uri, file: name, span: file.span(from, from+len(o.Name))})
		}
	}
}

// read returns what a file has: in the editor when it is open there, else on disk.
func (s *Server) read(path string) ([]byte, bool) {
	if d := s.documents[uriOf(path)]; d != nil {
		return []byte(d.text), true
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > largestManifest {
		return nil, false
	}
	data, err := os.ReadFile(path)
	return data, err == nil
}

// visit goes through the nodes of which the language says something. Where see says false it goes no deeper.
func (s *Server) visit(n *yaml.Node, t target, see func(*yaml.Node, target) bool) {
	n = source.Follow(n)
	if n == nil || t.shape == nil && !t.step || !see(n, t) {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for _, p := range source.Pairs(n) {
			s.visit(p.Value, s.into(t, p.Key.Value), see)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			s.visit(item, s.into(t, "0"), see)
		}
	}
}

// objectsAt returns the objects that the scalar under the cursor names.
func (s *Server) objectsAt(d *document, p place, offset int) []placed {
	t := s.resolve(p.path).scalar()
	if p.key || p.from >= p.to || t.field == nil || t.field.Refers != "object" {
		return nil
	}
	text := strings.Trim(d.text[p.from:p.to], `"'`)
	return slices.DeleteFunc(s.objects(d, s.readable(d, offset)), func(o placed) bool { return !s.options.Objects.Means(text, o.Object) })
}

// objectDoc says what an object is that the scenario names.
func objectDoc(o placed) string {
	text := "**" + o.Kind + " " + o.Name + "** (" + o.APIVersion + ")"
	if o.file != "" {
		text += "\n\nDeployed from " + o.file + "."
	}
	return text
}
