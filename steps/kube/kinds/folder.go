package kinds

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"
)

const (
	// Folder is where definitions are found that a scenario uses and does not deploy, beside its file.
	Folder = "crds"
	// largestFile is what one definition may have; the largest ones known have less than 2 MB.
	largestFile = 8 << 20
)

// definitions returns the objects in the files that every scenario can know.
func (c *Catalogue) definitions() []map[string]any {
	c.sharedOnce.Do(func() {
		for _, path := range c.Shared {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				c.shared = append(c.shared, readFolder(path)...)
			} else {
				c.shared = append(c.shared, readFile(path)...)
			}
		}
	})
	return c.shared
}

// readFolder returns the objects in the files of a folder of definitions. What can't be read says nothing: the files
// are not part of the scenario.
func readFolder(dir string) []map[string]any {
	var names []string
	for _, pattern := range []string{"*.yaml", "*.yml", "*.json"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are right
		names = append(names, found...)
	}
	slices.Sort(names)
	var out []map[string]any
	for _, name := range names {
		out = append(out, readFile(name)...)
	}
	return out
}

func readFile(name string) []map[string]any {
	if info, err := os.Stat(name); err != nil || info.Size() > largestFile {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return documents(data)
}

// documents returns the mappings of a file, up to the first that is no YAML.
func documents(data []byte) []map[string]any {
	var out []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var object map[string]any
		if decoder.Decode(&object) != nil {
			return out
		}
		if object != nil {
			out = append(out, object)
		}
	}
}
