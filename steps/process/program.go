package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program returns the path of the program to start. A name without a folder is looked for on PATH and then beside the
// runner; a relative path starts at the scenario's folder and must stay inside it; an absolute path is taken as it is.
func Program(name, scenarioDir string) (string, error) {
	switch {
	case filepath.IsAbs(name):
		return name, nil
	case filepath.Base(name) != name:
		return inside(name, scenarioDir)
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return filepath.Abs(path)
	}
	for _, folder := range ownFolder() {
		if beside, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return beside, nil
		}
	}
	return "", fmt.Errorf("program %q was found neither on PATH nor beside scenario-runner", name)
}

func inside(name, scenarioDir string) (string, error) {
	path, err := Within(name, scenarioDir)
	if errors.Is(err, errOutside) {
		return "", fmt.Errorf("program %q is outside the scenario's folder; "+
			"name it without a folder and put it on PATH or beside scenario-runner, or give its absolute path", name)
	}
	if err != nil {
		return "", fmt.Errorf("program %q: %w", name, err)
	}
	return path, nil
}

var errOutside = errors.New("is outside the scenario's folder; paths in a scenario stay inside it")

// Within returns the path of a file or folder of the scenario's folder. A path that leaves it, also by a symbolic link,
// is an error.
func Within(name, scenarioDir string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", errOutside
	}
	root, err := os.OpenRoot(scenarioDir)
	if err != nil {
		return "", err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	if _, err := root.Stat(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("there is no such file in the scenario's folder")
		}
		if strings.Contains(err.Error(), "escapes") {
			return "", errOutside
		}
		return "", err
	}
	return filepath.Abs(filepath.Join(scenarioDir, name))
}

// Dir returns the working folder of a program: the scenario's folder, or one inside it.
func Dir(name, scenarioDir string) (string, error) {
	if name == "" {
		return scenarioDir, nil
	}
	path, err := Within(name, scenarioDir)
	if err != nil {
		return "", fmt.Errorf("dir %q: %w", name, err)
	}
	return path, nil
}

// ownFolder returns the folder of the running program, if it can be told.
func ownFolder() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{filepath.Dir(self)}
}
