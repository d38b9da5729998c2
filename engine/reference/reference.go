// Package reference writes the documentation of step kinds, for a terminal and as Markdown, from their declarations.
package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Step writes the reference of one kind.
func Step(w io.Writer, d step.Definition) error {
	var b strings.Builder
	writeStep(&b, d, "#")
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the reference of every kind as one document.
func Markdown(w io.Writer, r *step.Registry) error {
	var b strings.Builder
	b.WriteString("# Step reference\n\nGenerated from the step declarations by `make generate`; don't edit.\n\n")
	for _, g := range step.Groups() {
		first := true
		for _, d := range r.Steps {
			if d.Group != g {
				continue
			}
			if first {
				fmt.Fprintf(&b, "**%s:** ", g)
			} else {
				b.WriteString(", ")
			}
			first = false
			fmt.Fprintf(&b, "[%s](#%s)", d.Name, strings.ToLower(d.Name))
		}
		if !first {
			b.WriteString("  \n")
		}
	}
	b.WriteString("\n## Fields of every step\n\n")
	fields(&b, scenario.CommonFields(), "")
	b.WriteString("\n## Top of a scenario file\n\n")
	fields(&b, scenario.DocumentFields(), "")
	functions(&b, eval.NewEnv(r.Functions...).Functions())
	for _, d := range r.Steps {
		b.WriteString("\n")
		writeStep(&b, d, "##")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func functions(b *strings.Builder, all []eval.Function) {
	b.WriteString("\n## Functions in expressions\n\nBeside those of [expr](https://expr-lang.org/docs/language-definition):\n\n")
	for _, f := range all {
		fmt.Fprintf(b, "- %s\n", f.Doc)
	}
}

func writeStep(b *strings.Builder, d step.Definition, heading string) {
	doc := strings.TrimSpace(d.Doc)
	doc = strings.TrimPrefix(doc, "# "+d.Name)
	fmt.Fprintf(b, "%s %s\n%s\n", heading, d.Name, deepen(doc, heading))
	fmt.Fprintf(b, "\n%s# Fields of %s\n\n", heading, d.Name)
	fields(b, d.Config.Fields, "")
	if len(d.Outputs.Fields) > 0 {
		fmt.Fprintf(b, "\n%s# Outputs of %s\n\n", heading, d.Name)
		for _, f := range d.Outputs.Fields {
			fmt.Fprintf(b, "- `%s` (%s): %s\n", f.Name, f.Type.Kind, f.Doc)
		}
	}
}

// deepen makes the headings of a document one level deeper for each level that it is placed below the top.
func deepen(doc, heading string) string {
	more := strings.Repeat("#", len(heading)-1)
	lines := strings.Split(doc, "\n")
	code := false
	for i, l := range lines {
		if strings.HasPrefix(l, "```") {
			code = !code
		}
		if !code && strings.HasPrefix(l, "#") {
			lines[i] = more + l
		}
	}
	return strings.Join(lines, "\n")
}

func fields(b *strings.Builder, list []field.Field, prefix string) {
	for _, f := range list {
		notes := f.Shape.Describe()
		if len(f.Enum) > 0 {
			notes = "one of " + strings.Join(f.Enum, ", ")
		}
		if f.Single {
			notes += ", or one element"
		}
		if f.Required {
			notes += ", required"
		}
		fmt.Fprintf(b, "- `%s%s` (%s): %s\n", prefix, f.Name, notes, f.Doc)
		switch s := f.Shape; {
		case s.Kind == field.Struct:
			fields(b, s.Fields, prefix+f.Name+".")
		case s.Elem != nil && s.Elem.Kind == field.Struct && s.Kind == field.List:
			fields(b, s.Elem.Fields, prefix+f.Name+"[].")
		case s.Elem != nil && s.Elem.Kind == field.Struct:
			fields(b, s.Elem.Fields, prefix+f.Name+".<name>.")
		}
	}
}
