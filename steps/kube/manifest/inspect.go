package manifest

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Located is an object with the place of everything in it.
type Located struct {
	Object
	Node *yaml.Node // as it is written
	file *source.File
}

// Range returns where a node of the object stands.
func (l Located) Range(n *yaml.Node) diag.Range { return l.file.Range(n) }

// Inspect is Read for checks before the run: it says exactly where each mistake is. An error is about the name itself.
func (c *Cache) Inspect(dir, name string) ([]Located, diag.List, error) {
	root, err := open(dir, name)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	files, err := resolve(root.FS(), path.Clean(filepath.ToSlash(name)))
	if err != nil {
		return nil, nil, err
	}
	var out []Located
	var diags diag.List
	for _, file := range files {
		text, err := fs.ReadFile(root.FS(), file)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, cause(err))
		}
		objects, found := c.inspect(filepath.Join(dir, file), file, text)
		out, diags = append(out, objects...), append(diags, found...)
	}
	if len(out) == 0 && len(diags) == 0 {
		return nil, nil, fmt.Errorf("%q holds no objects", name)
	}
	return out, diags, nil
}

// inspect looks at one file. shown is its name in diagnostics, name that in places.
func inspect(shown, name string, text []byte) ([]Located, diag.List) {
	var out []Located
	var diags diag.List
	for _, d := range documents(text) {
		// What stands before a document is left blank, so that its lines keep their numbers.
		padded := append(bytes.Repeat([]byte("\n"), d.start-1), d.text...)
		file, found := source.Parse(shown, padded)
		for i := range found {
			found[i].Check = "manifest-syntax"
		}
		diags = append(diags, found...)
		if file.Root == nil || found.HasErrors() {
			continue
		}
		content, err := decode(d)
		if err != nil {
			_, message, _ := strings.Cut(err.Error(), ": ") // without the line, which the range has
			diags.Add(file.Range(file.Root), "manifest-syntax", "not valid YAML: %s", message)
			continue
		}
		l := locator{file: file, diags: &diags}
		l.value(fmt.Sprintf("%s:%d", name, d.first), content, file.Root)
		out = append(out, l.out...)
	}
	return out, diags
}

// locator goes through a value and the nodes that it was read from, and collects objects as flatten does.
type locator struct {
	file  *source.File
	diags *diag.List
	out   []Located
}

func (l *locator) value(place string, value any, n *yaml.Node) {
	n = source.Follow(n)
	content, ok := value.(map[string]any)
	switch {
	case value == nil || ok && len(content) == 0:
		return
	case !ok:
		l.diags.Add(l.file.Range(n), "manifest-object", "expected an object with apiVersion and kind, found %s", found(value))
		return
	}
	if items, isList := itemsOf(content); isList {
		nodes, _ := source.Lookup(n, "items")
		for i, item := range items {
			at := n // items that came through a merge key stand elsewhere
			if nodes = source.Follow(nodes); nodes != nil && i < len(nodes.Content) {
				at = nodes.Content[i]
			}
			l.value(fmt.Sprintf("%s: item %d", place, i+1), item, at)
		}
		return
	}
	if fault := complete(content); fault != nil {
		l.diags.Add(l.file.Range(nodeAt(n, fault.path)), "manifest-object", "%s", fault.message)
		return
	}
	l.out = append(l.out, Located{Object: newObject(place, content), Node: n, file: l.file})
}

// nodeAt follows keys as far as they exist. Of a value that is no text its key is meant.
func nodeAt(n *yaml.Node, keys []string) *yaml.Node {
	at := n
	for _, key := range keys {
		value, name := source.Lookup(n, key)
		if value == nil {
			break
		}
		n = source.Follow(value)
		at = n
		if n.Kind != yaml.ScalarNode {
			at = name
		}
	}
	return at
}
