package scenario

import "os"

// Options say what a loader knows beside the kinds of a registry. The zero Options are those of a lone file.
type Options struct {
	// Environment names the environment variables that expressions may read as env.<name>.
	Environment []string
	// Root is the project's folder: a file may name templates below it. "" means that each file may name those below its
	// own folder.
	Root string
	// Library are further folders that hold templates. A template there can be named without a path.
	Library []string
	// ReadFile reads the files that a scenario names. Nil means os.ReadFile; an editor gives what it has open instead.
	ReadFile func(name string) ([]byte, error)
	// Rules look at every file beside the checks of the language. Nil finds nothing.
	Rules Rules
}

// withDefaults fills in what was left open.
func (o Options) withDefaults() Options {
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	return o
}
