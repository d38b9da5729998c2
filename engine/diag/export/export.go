// Package export writes diagnostics for other programs: as JSON for scripts, as SARIF for code scanning, as workflow
// commands for GitHub, and as bare lines. It draws nothing for people (that is the printer of package diag) and opens no
// files.
package export

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Result is what a check of files found.
type Result struct {
	Files       []string // every file that was checked, in order
	Diagnostics diag.List
	// Base is the folder that paths are made relative to, absolute. "" leaves them as they are.
	Base string
	// Version is that of the program.
	Version string
}

// Counts returns how many errors and how many warnings there are.
func (r Result) Counts() (errors, warnings int) {
	for _, d := range r.Diagnostics {
		if d.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// path returns a file's path with slashes, relative to the base when it lies below it.
func (r Result) path(file string) string {
	if r.Base == "" {
		return filepath.ToSlash(file)
	}
	absolute := file
	if !filepath.IsAbs(absolute) {
		absolute = filepath.Join(r.Base, file)
	}
	if relative, err := filepath.Rel(r.Base, absolute); err == nil && filepath.IsLocal(relative) {
		return filepath.ToSlash(relative)
	}
	return filepath.ToSlash(absolute)
}

// uri returns a file's path as a URI reference.
func (r Result) uri(file string) string {
	path := r.path(file)
	switch {
	case strings.HasPrefix(path, "/"):
		return (&url.URL{Scheme: "file", Path: path}).String()
	case filepath.IsAbs(filepath.FromSlash(path)): // a drive letter
		return (&url.URL{Scheme: "file", Path: "/" + path}).String()
	}
	return (&url.URL{Path: path}).EscapedPath()
}
