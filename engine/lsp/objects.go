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
	// Definitions returns the files beside a scenario in that folder that define kinds.
	Definitions(dir string) []string
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
	largestManifest = 8 << 20
)

// manifest is a document with objects.
type manifest struct {
	node *yaml.Node
	uri  string
	file string // as the scenario calls it, "" when it stands in the scenario
	span func(*yaml.Node) span
}

// manifests lists what the steps of a document bring along, in the order of the text.
func (s *Server) manifests(d *document, i *scenario.Inspection) []manifest {
	objects := s.project(d).Objects
	if objects == nil || i.File.Root == nil {
		return nil
	}
	var out []manifest
	read := 0
	s.visit(i.File.Root, d.top(), func(n *yaml.Node, t target) bool {
		if t.field == nil || t.field.Refers != "manifest" {
			return true
		}
		switch n.Kind {
		case yaml.MappingNode:
			out = append(out, manifest{node: n, uri: d.uri, span: func(n *yaml.Node) span { return d.spanOf(i.File.Range(n)) }})
			return false
		case yaml.ScalarNode:
			for _, name := range objects.Files(d.dir(), n.Value) {
				if read++; read <= mostManifests {
					out = append(out, s.documentsIn(filepath.Join(d.dir(), filepath.FromSlash(name)), name)...)
				}
			}
		}
		return true
	})
	return out
}

// objects lists the objects of the manifests.
func (s *Server) objects(d *document, i *scenario.Inspection) []placed {
	var out []placed
	for _, m := range s.manifests(d, i) {
		for _, o := range s.project(d).Objects.Of(m.node) {
			out = append(out, placed{Object: o, uri: m.uri, file: m.file, span: m.span(o.Node)})
		}
	}
	return out
}

// documentsIn reads the documents of a file, up to the first that is no YAML.
func (s *Server) documentsIn(path, name string) []manifest {
	data, ok := s.read(path)
	if !ok {
		return nil
	}
	file := newDocument(uriOf(path), 0, string(data))
	var out []manifest
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		if decoder.Decode(&n) != nil || len(n.Content) == 0 {
			return out
		}
		out = append(out, manifest{node: n.Content[0], uri: file.uri, file: name, span: file.scalarSpan})
	}
}

// scalarSpan returns where the text of a scalar stands that is written on one line.
func (d *document) scalarSpan(n *yaml.Node) span {
	from := d.at(diag.Position{Line: n.Line, Column: n.Column})
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		from++
	}
	return d.span(from, from+len(n.Value))
}

// declaration finds where the field of an object of a custom kind is declared: in what the scenario deploys, or beside it.
func (s *Server) declaration(d *document, i *scenario.Inspection, origin string) []location {
	objects := s.project(d).Objects
	if origin == "" || objects == nil {
		return []location{}
	}
	known := s.manifests(d, i)
	for _, path := range objects.Definitions(d.dir()) {
		known = append(known, s.documentsIn(path, path)...)
	}
	for _, m := range known {
		if n := objects.Declared(origin, m.node); n != nil {
			return []location{{URI: m.uri, Range: m.span(n)}}
		}
	}
	return []location{}
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
	t := s.resolve(d, p.path).scalar()
	if p.key || p.from >= p.to || t.field == nil || t.field.Refers != "object" {
		return nil
	}
	text := strings.Trim(d.text[p.from:p.to], `"'`)
	return slices.DeleteFunc(s.objects(d, s.readable(d, offset)), func(o placed) bool { return !s.project(d).Objects.Means(text, o.Object) })
}

// objectDoc says what an object is that the scenario names.
func objectDoc(o placed) string {
	text := "**" + o.Kind + " " + o.Name + "** (" + o.APIVersion + ")"
	if o.file != "" {
		text += "\n\nDeployed from " + o.file + "."
	}
	return text
}
