package scenario

import (
	"path/filepath"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// templateSuffix is what a template that is named without a path ends with.
const templateSuffix = ".template.yaml"

// library reads and checks template files, each once. It is safe for concurrent use.
type library struct {
	loader *Loader
	mu     sync.Mutex
	files  map[string]*libraryFile // by absolute path
}

// libraryFile is a file that somebody named as a template.
type libraryFile struct {
	name string // in messages
	path string // absolute

	read  func() // once
	file  *source.File
	wrong diag.List // of YAML
	err   error
	uses  func() []templateUse // once; not before read

	compile func() *compiledTemplate // once
}

// templateUse is a place in a file that names a template.
type templateUse struct {
	node *yaml.Node
	file *libraryFile // nil when the name leads nowhere
}

func newLibrary(l *Loader) *library { return &library{loader: l, files: map[string]*libraryFile{}} }

// get returns the file at a path. data is its content when it is known already.
func (l *library) get(name string, data []byte) *libraryFile {
	key := absolute(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.files[key]; f != nil {
		return f
	}
	f := &libraryFile{name: name, path: key}
	f.read = sync.OnceFunc(func() {
		if data == nil {
			data, f.err = l.loader.options.ReadFile(name)
		}
		if f.err == nil {
			f.file, f.wrong = source.Parse(name, data)
		}
	})
	f.uses = sync.OnceValue(func() []templateUse { return l.usesIn(f.file) }) // apart from read, since a file may lead back to itself
	f.compile = sync.OnceValue(func() *compiledTemplate { return l.check(f) })
	l.files[key] = f
	return f
}

// names lists the files that were read, sorted.
func (l *library) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, f := range l.files {
		out = append(out, f.name)
	}
	slices.Sort(out)
	return out
}

// source returns the text of a file that was read.
func (l *library) source(name string) []byte {
	l.mu.Lock()
	f := l.files[absolute(name)]
	l.mu.Unlock()
	if f == nil {
		return nil
	}
	if f.read(); f.file == nil {
		return nil
	}
	return f.file.Data
}

func absolute(name string) string {
	if full, err := filepath.Abs(name); err == nil {
		return full
	}
	return filepath.Clean(name)
}

// usesIn finds the places of a file that name templates, without checking anything else of it.
func (l *library) usesIn(file *source.File) []templateUse {
	if file == nil || file.Root == nil {
		return nil
	}
	var uses []templateUse
	var visit func(block *yaml.Node)
	visit = func(block *yaml.Node) {
		block = source.Follow(block)
		if block == nil || block.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range block.Content {
			for _, p := range source.Pairs(item) {
				definition, ok := l.loader.registry.Get(p.Key.Value)
				if !ok {
					continue
				}
				for _, n := range referenceNodes(definition.Config, p.Value) {
					f, _ := l.find(file.Name, n.Value)
					uses = append(uses, templateUse{node: n, file: f})
				}
				for _, inner := range blockNodes(definition.Config, p.Value) {
					visit(inner)
				}
			}
		}
	}
	for _, key := range []string{"steps", "finally"} {
		block, _ := source.Lookup(file.Root, key)
		visit(block)
	}
	return uses
}

// referenceNodes returns the nodes of a config that name files of our own.
func referenceNodes(s *field.Shape, n *yaml.Node) []*yaml.Node {
	n = source.Follow(n)
	if s.Shorthand != nil && n.Kind == yaml.ScalarNode && s.Shorthand.Shape.Kind == field.Reference {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, p := range source.Pairs(n) {
		value := source.Follow(p.Value)
		if f := s.Field(p.Key.Value); f != nil && f.Shape.Kind == field.Reference && value.Kind == yaml.ScalarNode {
			out = append(out, value)
		}
	}
	return out
}

// loop returns the places through which a file leads back to a template, nil when it does not.
func (l *library) loop(from, to *libraryFile) []templateUse {
	seen := map[*libraryFile]bool{}
	var search func(f *libraryFile) []templateUse
	search = func(f *libraryFile) []templateUse {
		if seen[f] {
			return nil
		}
		seen[f] = true
		f.read()
		for _, u := range f.uses() {
			if u.file == to {
				return []templateUse{u}
			}
			if u.file == nil {
				continue
			}
			if rest := search(u.file); rest != nil {
				return append([]templateUse{u}, rest...)
			}
		}
		return nil
	}
	return search(from)
}
