package scenario

import (
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Opened is what a file turned out to be.
type Opened struct {
	File        *source.File
	Kind        string         // KindScenario, KindTemplate, or what else the file says
	Scenarios   []*Scenario    // nil when there is an error among the diagnostics
	Template    *step.Template // of a template without an error
	Diagnostics diag.List      // sorted
}

// Open checks one file, whatever it is.
func (l *Loader) Open(name string, data []byte) Opened {
	file, diags := source.Parse(name, data)
	out := Opened{File: file, Kind: kindOf(file), Diagnostics: diags.Sorted()}
	if file.Root == nil {
		return out
	}
	if out.Kind == KindTemplate {
		done := l.library.get(name, data).compile()
		out.Diagnostics = done.diags
		if !done.diags.HasErrors() {
			out.Template = &done.template
		}
		return out
	}
	out.Scenarios, out.Diagnostics = l.scenarios(file, diags)
	return out
}

// Provide hands over the text of a template file that was read already, under the name that messages give it.
func (l *Loader) Provide(name string, data []byte) { l.library.get(name, data) }

// scenarios checks a file as a scenario.
func (l *Loader) scenarios(file *source.File, diags diag.List) ([]*Scenario, diag.List) {
	all, _ := l.compileFile(l.library, file, &diags)
	if !diags.HasErrors() {
		diags = append(diags, l.schema.Validate(file)...)
	}
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	return all, diags.Sorted()
}

// Load checks one file that holds one scenario. The scenario is nil when there is an error among the diagnostics. Of a
// file with a matrix it is the first case; see Open.
func (l *Loader) Load(name string, data []byte) (*Scenario, diag.List) {
	file, diags := source.Parse(name, data)
	if file.Root == nil {
		return nil, diags.Sorted()
	}
	all, diags := l.scenarios(file, diags)
	if len(all) == 0 {
		return nil, diags
	}
	return all[0], diags
}

// Files lists the files that were read as templates, sorted.
func (l *Loader) Files() []string { return l.library.names() }

// Source returns the text of a file that a mistake was found in: of a template, or of a file that a step names, such as a
// manifest. It is nil when the file can't be read.
func (l *Loader) Source(name string) []byte {
	if data := l.library.source(name); data != nil {
		return data
	}
	data, err := l.options.ReadFile(name)
	if err != nil {
		return nil
	}
	return data
}
