package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// lookupError says that a name leads to no template that the file may use.
type lookupError struct {
	check   string
	message string
}

// Error returns the message.
func (e *lookupError) Error() string { return e.message }

// find returns the file that a name in another file stands for.
func (l *library) find(from, name string) (*libraryFile, *lookupError) {
	options := l.loader.options
	if isBare(name) {
		return l.findByName(from, name)
	}
	if filepath.IsAbs(name) || strings.HasPrefix(name, "/") {
		return nil, &lookupError{"outside-folder", fmt.Sprintf("template %q: write a path that starts at the folder of this file", name)}
	}
	target := filepath.Join(filepath.Dir(from), filepath.FromSlash(name))
	allowed := slices.Clone(options.Library)
	place := "the project and its library folders"
	switch {
	case options.Root != "":
		allowed = append(allowed, options.Root)
	case len(allowed) == 0:
		allowed = []string{filepath.Dir(from)}
		place = "the folder of this file"
	}
	if !slices.ContainsFunc(allowed, func(folder string) bool { return within(folder, target) }) {
		return nil, &lookupError{"outside-folder", fmt.Sprintf("template %q leaves %s", name, place)}
	}
	if f := l.get(target, nil); f.exists() {
		return f, nil
	}
	near := templatesIn(filepath.Dir(target))
	for i, file := range near {
		near[i] = path.Join(path.Dir(filepath.ToSlash(name)), file)
		if strings.HasPrefix(name, "./") {
			near[i] = "./" + near[i]
		}
	}
	return nil, &lookupError{"unknown-template", fmt.Sprintf("template %q does not exist (%s)%s", name, filepath.ToSlash(target), diag.DidYouMean(name, near))}
}

// isBare reports whether a template is named without a path.
func isBare(name string) bool {
	return !strings.ContainsAny(name, `/\`) && filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".yml"
}

// findByName looks a template up in the library folders, the first that has it.
func (l *library) findByName(from, name string) (*libraryFile, *lookupError) {
	var known []string
	for _, folder := range l.loader.options.Library {
		if f := l.get(filepath.Join(folder, name+templateSuffix), nil); f.exists() {
			return f, nil
		}
		for _, file := range templatesIn(folder) {
			known = append(known, strings.TrimSuffix(file, templateSuffix))
		}
	}
	message := fmt.Sprintf("no library folder has a template %q%s", name, diag.DidYouMean(name, known))
	if len(l.loader.options.Library) == 0 {
		message = fmt.Sprintf("template %q: no library folder is configured; write a path such as ./%s%s", name, name, templateSuffix)
		if near := templatesIn(filepath.Dir(from)); slices.Contains(near, name+templateSuffix) {
			message = fmt.Sprintf("template %q: no library folder is configured; did you mean %q?", name, name+templateSuffix)
		}
	}
	return nil, &lookupError{"unknown-template", message}
}

func (f *libraryFile) exists() bool {
	f.read()
	return !errors.Is(f.err, fs.ErrNotExist)
}

// within reports whether a path stays inside a folder.
func within(folder, target string) bool {
	relative, err := filepath.Rel(absolute(folder), absolute(target))
	return err == nil && filepath.IsLocal(relative)
}

// templatesIn lists the template files of a folder.
func templatesIn(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), templateSuffix) {
			out = append(out, e.Name())
		}
	}
	return out
}
