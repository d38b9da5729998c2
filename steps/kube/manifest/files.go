package manifest

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

// Read returns the objects of a file, of all files below a folder, or of all files that a glob matches, in the order of
// their paths. Paths start in dir and stay inside it.
func Read(dir, name string) ([]Object, []error) {
	root, err := open(dir, name)
	if err != nil {
		return nil, []error{err}
	}
	defer root.Close()
	files, err := resolve(root.FS(), path.Clean(filepath.ToSlash(name)))
	if err != nil {
		return nil, []error{err}
	}
	var out []Object
	var errs []error
	for _, file := range files {
		text, err := fs.ReadFile(root.FS(), file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, cause(err)))
			continue
		}
		objects, fileErrs := Parse(file, text)
		out, errs = append(out, objects...), append(errs, fileErrs...)
	}
	if len(out) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%q holds no objects", name))
	}
	return out, errs
}

// open opens dir so that name can't lead out of it.
func open(dir, name string) (*os.Root, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fmt.Errorf("%q leaves the scenario's folder; paths are relative to it and stay inside", name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the scenario's folder: %w", err)
	}
	return root, nil
}

// cause drops the operation and the path from a file error: the message has the path already.
func cause(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// resolve returns the files that a name stands for.
func resolve(files fs.FS, name string) ([]string, error) {
	info, err := fs.Stat(files, name)
	switch {
	case err == nil && info.IsDir():
		return folder(files, name)
	case err == nil:
		return []string{name}, nil
	case strings.ContainsAny(name, "*?["):
		return glob(files, name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file or folder %q in the scenario's folder%s", name, near(files, name))
	}
	return nil, fmt.Errorf("%q: %w", name, cause(err))
}

// folder returns the manifests below a folder. Our own files are no manifests.
func folder(files fs.FS, name string) ([]string, error) {
	var out []string
	err := fs.WalkDir(files, name, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != name && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case slices.Contains(kustomizationFiles(), entry.Name()):
			return fmt.Errorf("%s is a kustomization; deploy its folder with kustomize: %s", file, path.Dir(file))
		case !entry.IsDir() && isManifest(file):
			out = append(out, file)
		}
		return nil
	})
	if err != nil {
		return nil, cause(err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("folder %q holds no .yaml, .yml or .json file", name)
	}
	return out, nil
}

func isManifest(file string) bool {
	return !isOurs(file) && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(file))
}

// isOurs reports whether a file is a scenario, a suite or a template by its name.
func isOurs(file string) bool {
	return slices.ContainsFunc([]string{".scenario.yaml", ".suite.yaml", ".template.yaml"}, func(suffix string) bool {
		return strings.HasSuffix(file, suffix)
	})
}

// glob returns the files that match a pattern, in which ** stands for any number of folders.
func glob(files fs.FS, pattern string) ([]string, error) {
	parts := strings.Split(pattern, "/")
	for _, part := range parts {
		if _, err := path.Match(part, ""); err != nil {
			return nil, fmt.Errorf("glob %q: %w", pattern, err)
		}
	}
	static := slices.IndexFunc(parts, func(part string) bool { return strings.ContainsAny(part, "*?[") })
	start := path.Join(append([]string{"."}, parts[:static]...)...)
	var out []string
	err := fs.WalkDir(files, start, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != start && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && !isOurs(file) && matches(parts, strings.Split(file, "/")):
			out = append(out, file)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("glob %q: %w", pattern, cause(err))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no file matches %q in the scenario's folder%s", pattern, near(files, pattern))
	}
	return out, nil
}

// matches reports whether the parts of a path match those of a pattern.
func matches(pattern, file []string) bool {
	switch {
	case len(pattern) == 0:
		return len(file) == 0
	case pattern[0] == "**":
		return matches(pattern[1:], file) || len(file) > 0 && matches(pattern, file[1:])
	case len(file) == 0:
		return false
	}
	ok, _ := path.Match(pattern[0], file[0]) // the pattern was checked before
	return ok && matches(pattern[1:], file[1:])
}

// mostNear is how many names are looked at for a proposal.
const mostNear = 2000

// near proposes a manifest or folder whose name is close to the one that does not exist.
func near(files fs.FS, name string) string {
	var names []string
	_ = fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error { // a proposal is optional
		switch {
		case err != nil || len(names) >= mostNear:
			return fs.SkipAll
		case entry.IsDir() && file != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case file != "." && (entry.IsDir() || isManifest(file)):
			names = append(names, file)
		}
		return nil
	})
	if suggestion := diag.Suggest(name, names); suggestion != "" {
		return fmt.Sprintf("; did you mean %q?", suggestion)
	}
	return ""
}
