package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// outputTarget is one --output KIND[=FILE].
type outputTarget struct {
	kind string
	file string // "" is standard output
}

// parseOutputs understands the values of --output. The first kind is written to standard output when nothing else is.
func parseOutputs(values, kinds []string) ([]outputTarget, error) {
	var targets []outputTarget
	taken := map[string]string{}
	for _, value := range values {
		kind, file, hasFile := strings.Cut(value, "=")
		if hasFile && file == "" {
			return nil, fmt.Errorf(`--output %q: the file after "=" is missing; write %s=FILE, or %s alone for standard output`, value, kind, kind)
		}
		if !slices.Contains(kinds, kind) {
			return nil, fmt.Errorf("--output %q: unknown kind %q%s", value, kind, diag.DidYouMean(kind, kinds))
		}
		if other, ok := taken[file]; ok {
			place := "standard output"
			if file != "" {
				place = fmt.Sprintf("%q", file)
			}
			return nil, fmt.Errorf("--output %s and --output %s both write to %s; give one of them another file: %s=FILE", other, kind, place, kind)
		}
		taken[file] = kind
		targets = append(targets, outputTarget{kind: kind, file: file})
	}
	if _, ok := taken[""]; !ok {
		targets = append([]outputTarget{{kind: kinds[0]}}, targets...)
	}
	return targets, nil
}

// write calls f for standard output, or for a file that appears only when it is complete.
func (t outputTarget) write(out io.Writer, f func(io.Writer) error) error {
	if t.file == "" {
		return f(out)
	}
	var b bytes.Buffer
	if err := f(&b); err != nil {
		return err
	}
	if err := replaceFile(t.file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--output %s: %w", t.kind, err)
	}
	return nil
}

// replaceFile writes a file beside path and puts it in its place, so that nobody ever reads half of it.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	for _, next := range []func() error{
		func() error { return file.Chmod(mode) }, file.Close, func() error { return os.Rename(file.Name(), path) },
	} {
		if err == nil {
			err = next()
		}
	}
	if err != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
	return err
}
