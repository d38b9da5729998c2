package lsp

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mostFiles is how many names below a scenario's folder are looked at; in a larger one the rest is not offered.
const mostFiles = 2000

// dir returns the folder of the document, "" when it is on no disk.
func (d *document) dir() string {
	if !filepath.IsAbs(d.path) {
		return ""
	}
	return filepath.Dir(d.path)
}

// fileNames lists what a field may name below the document's folder: a steps away from it, the nearest first.
func fileNames(d *document, refers string) []string {
	root, err := os.OpenRoot(d.dir())
	if d.dir() == "" || err != nil {
		return nil
	}
	defer root.Close()
	var out []string
	seen := 0
	_ = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error { // what can't be read is not offered
		switch seen++; {
		case seen > mostFiles:
			return fs.SkipAll
		case err != nil || name == ".":
			return nil
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case named(name, entry.IsDir(), refers):
			out = append(out, name)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return out
}

// named reports whether a field may name a file or folder.
func named(name string, folder bool, refers string) bool {
	switch refers {
	case "file":
		return !folder && !strings.HasPrefix(path.Base(name), ".")
	case "folder":
		return folder
	case "manifest":
		return folder || manifestLike(name)
	case "template":
		return !folder && strings.HasSuffix(name, templateSuffix)
	}
	return false
}

func manifestLike(name string) bool {
	ours := func(suffix string) bool {
		return strings.HasSuffix(name, suffix+".yaml") || strings.HasSuffix(name, suffix+".yml")
	}
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) &&
		!slices.ContainsFunc([]string{".scenario", ".suite", ".template", "scenario-runner"}, ours)
}

// names offers what a field names: files, objects that the scenario brings along, kinds of objects. It reports whether
// there was anything.
func (s *Server) names(d *document, t target, p place, offset int, out *items) bool {
	before := len(out.list)
	switch refers := t.field.Refers; refers {
	case "file", "folder", "manifest":
		for _, name := range fileNames(d, refers) {
			kind := itemFile
			if info, err := os.Stat(filepath.Join(d.dir(), filepath.FromSlash(name))); err == nil && info.IsDir() {
				kind = itemFolder
			}
			out.add(completionItem{Label: name, Kind: kind}, out.plain(name))
		}
	case "template":
		for _, name := range s.templateNames(d) {
			out.add(completionItem{Label: name, Kind: itemFile}, out.plain(name))
		}
	case "object":
		s.objectNames(d, offset, out)
	case "kind":
		objects := s.project(d).Objects
		if objects == nil {
			break
		}
		for _, kind := range objects.Kinds() {
			out.add(completionItem{Label: kind, Kind: itemValue, Detail: "kind"}, kind)
		}
	}
	return len(out.list) > before
}

// objectNames offers the objects of the scenario, each once.
func (s *Server) objectNames(d *document, offset int, out *items) {
	for _, o := range s.objects(d, s.readable(d, offset)) {
		if out.has(o.Reference) {
			continue
		}
		out.add(completionItem{Label: o.Reference, Kind: itemReference, Detail: o.title()}, out.plain(o.Reference))
	}
}

// entries offers the objects of the scenario for a mapping from names of the author's to objects, each under its own name.
func (s *Server) entries(d *document, t target, p place, after bool, has func(string) bool, out *items) {
	value := target{shape: t.shape.Elem}.scalar()
	if value.field == nil || value.field.Refers != "object" {
		return
	}
	for _, o := range s.objects(d, s.readable(d, p.from)) {
		if !identifier.MatchString(o.Name) || has(o.Name) || out.has(o.Name) {
			continue
		}
		text := o.Name
		if !after {
			text += ": " + out.plain(o.Reference)
		}
		out.add(completionItem{Label: o.Name, Kind: itemReference, Detail: o.title()}, text)
	}
}

func (i *items) has(label string) bool {
	return slices.ContainsFunc(i.list, func(c completionItem) bool { return c.Label == label })
}

// title says what an object is and where it comes from.
func (o placed) title() string {
	if o.file == "" {
		return o.Kind
	}
	return o.Kind + " in " + o.file
}

// plain writes a text as a YAML scalar: in quotes where it needs them, unless it stands in quotes already.
func (i *items) plain(text string) string {
	text = snippetEscaper.Replace(text)
	if i.quoted || !strings.ContainsAny(text, ":#{}[],&*?|<>=!%@`\"' ") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
