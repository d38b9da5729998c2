package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// Input is a file to load.
type Input struct {
	Path  string // as the user gave it, or found below a folder that the user gave
	Data  []byte
	named bool // on the command line itself
	kinds []string
}

var (
	ourVersion = regexp.MustCompile(`(?m)^apiVersion:[ \t]*["']?scenario-runner/`)
	ourKind    = regexp.MustCompile(`(?m)^kind:[ \t]*["']?([A-Za-z]+)["']?[ \t]*(#.*)?\r?$`)
)

// Find reads the files that paths name. A folder is searched, with its sub-folders, for files of some kinds: scenarios
// unless others are named; hidden folders and testdata are passed over. A file that is named itself is always taken, so
// that a file that is none of ours is reported instead of silently left out. The result has no file twice and keeps the
// order of paths.
func Find(paths []string, kinds ...string) ([]Input, error) {
	if len(kinds) == 0 {
		kinds = []string{scenario.KindScenario}
	}
	if len(paths) == 0 {
		return nil, errors.New("no scenario given; name files or folders, as in: scenario-runner run scenarios/")
	}
	var inputs []Input
	for _, p := range paths {
		found, err := find(p, kinds)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, found...)
	}
	seen := make(map[string]bool, len(inputs))
	here, _ := os.Getwd() // asked once, not for each file; without it relative paths are compared as they are
	return slices.DeleteFunc(inputs, func(in Input) bool {
		key := filepath.Clean(in.Path)
		if !filepath.IsAbs(key) {
			key = filepath.Join(here, key)
		}
		twice := seen[key]
		seen[key] = true
		return twice
	}), nil
}

func find(path string, kinds []string) ([]Input, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if strings.ContainsAny(path, "*?[") {
			return nil, fmt.Errorf("%s matches no file", path)
		}
		return nil, fmt.Errorf("%s does not exist", path)
	case err != nil:
		return nil, err
	case !info.IsDir():
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return []Input{{Path: path, Data: data, named: true, kinds: kinds}}, nil
	}
	found, err := walk(path, kinds)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds no scenario (a YAML file with apiVersion: scenario-runner/v1 and kind: Scenario)", path)
	}
	return found, err
}

func walk(root string, kinds []string) ([]Input, error) {
	var found []Input
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if headed(data, kinds...) {
			found = append(found, Input{Path: path, Data: data, kinds: kinds})
		}
		return nil
	})
	return found, err
}

// headed reports whether a file heads like one of ours of some kinds, without parsing it: a folder of manifests is full of
// other YAML.
func headed(data []byte, kinds ...string) bool {
	if !bytes.Contains(data, []byte("scenario-runner/")) || !ourVersion.Match(data) {
		return false
	}
	m := ourKind.FindSubmatch(data)
	return m != nil && slices.Contains(kinds, string(m[1]))
}
