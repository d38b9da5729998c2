package main

import (
	"embed"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/diag"
)

//go:embed starters/*.yaml
var starterFiles embed.FS

// starter is a file of another kind than a scenario that new writes.
type starter struct {
	kind, suffix string // the suffix of its name; "" is for the one file whose name is fixed
	try          string // a command with it, FILE is its name
}

func starters() []starter {
	return []starter{
		{"template", ".template.yaml", "scenario-runner validate FILE"},
		{"suite", ".suite.yaml", "scenario-runner run --sandbox FILE"},
		{"config", "", "scenario-runner doctor --config FILE"},
	}
}

// newKinds lists the values of --kind, the usual one first.
func newKinds() []string {
	kinds := []string{"scenario"}
	for _, s := range starters() {
		kinds = append(kinds, s.kind)
	}
	return kinds
}

// writeKind writes a file of another kind than a scenario.
func (f *newFlags) writeKind(s streams, args []string) error {
	i := slices.IndexFunc(starters(), func(known starter) bool { return known.kind == f.kind })
	if i < 0 {
		return fmt.Errorf("--kind %q: unknown kind of file%s", f.kind, diag.DidYouMean(f.kind, newKinds()))
	}
	if f.template != "" {
		return fmt.Errorf("--template is for scenarios; a %s has only one form", f.kind)
	}
	known := starters()[i]
	path, name, err := f.nameOf(known, args)
	if err != nil {
		return err
	}
	data, err := starterFiles.ReadFile("starters/" + known.kind + ".yaml")
	if err != nil {
		return errored(err)
	}
	written := name
	if needsQuotes(name) {
		written = strconv.Quote(name)
	}
	text := strings.NewReplacer("name: NAME\n", "name: "+written+"\n", "NAME.", name+".", "--sandbox FILE\n", "--sandbox "+filepath.ToSlash(path)+"\n").
		Replace(string(data))
	if err := f.write(path, text); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.out, path); err != nil {
		return errored(err)
	}
	_, err = fmt.Fprintf(s.err, "try it: %s\n", strings.ReplaceAll(known.try, "FILE", shellWord(path)))
	return err
}

// nameOf returns the path and the name of a new file.
func (f *newFlags) nameOf(known starter, args []string) (path, name string, err error) {
	if known.suffix == "" {
		if len(args) > 0 {
			return "", "", fmt.Errorf("a %s is always called %s; leave %q out, and choose its folder with --dir", known.kind, config.FileName, args[0])
		}
		return filepath.Join(f.dir, config.FileName), "", nil
	}
	if len(args) == 0 {
		return "", "", fmt.Errorf("a %s needs a name, as in: scenario-runner new checkout --kind %s", known.kind, known.kind)
	}
	name = strings.TrimSuffix(args[0], known.suffix)
	if !scenarioName.MatchString(name) {
		return "", "", fmt.Errorf("%q is no name for a %s: use lower-case letters, digits and inner dashes", name, known.kind)
	}
	return filepath.Join(f.dir, name+known.suffix), name, nil
}
