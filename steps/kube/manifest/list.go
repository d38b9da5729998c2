package manifest

import (
	"path"
	"path/filepath"
)

// Files returns the files that a name stands for, in the order of their paths, as Read reads them. They are relative to
// dir.
func Files(dir, name string) ([]string, error) {
	root, err := open(dir, name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return resolve(root.FS(), path.Clean(filepath.ToSlash(name)))
}
