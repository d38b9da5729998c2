package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// List writes the names and meanings of all checks for a terminal.
func List(w io.Writer) error {
	width := 0
	for _, c := range All() {
		width = max(width, len(c.Name))
	}
	var b strings.Builder
	for i, g := range Groups() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(&b, strings.ToUpper(string(g)))
		for _, c := range in(g) {
			fmt.Fprintf(&b, "  %-*s  %-7s  %s\n", width, c.Name, c.Severity, c.Meaning)
		}
	}
	fmt.Fprintln(&b, "\nRead about one with: scenario-runner checks NAME")
	_, err := io.WriteString(w, b.String())
	return err
}

// Text writes what there is to know of one check for a terminal.
func (c Check) Text(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s (%s)\n\n%s\n\nWhy: %s\nCure: %s\n%s\n", c.Name, c.Severity, c.Meaning, c.Why, c.Cure, c.silencing())
	return err
}

// silencing says how the check is silenced, or why it can't be.
func (c Check) silencing() string {
	if c.Silenceable() {
		return "Silence: # " + Directive + " " + c.Name + " because REASON"
	}
	return "It can't be silenced: " + c.Refusal() + "."
}

func in(g Group) []Check {
	var checks []Check
	for _, c := range All() {
		if c.Group == g {
			checks = append(checks, c)
		}
	}
	return checks
}

const head = `# Checks

<!-- Generated from the table in engine/check by make generate; what the program prints is what it printed. Don't edit. -->

` + "`scenario-runner validate`" + `, the language server and ` + "`run`" + ` make the same checks, before a cluster is touched. Each finding ends with the
name of its check in brackets. An **error** keeps the file from running; a **warning** is advice. Advice about a whole file is
left out as long as the file has errors. ` + "`scenario-runner checks NAME`" + ` prints what stands here.

## Silencing a warning

` + "```yaml" + `
vars:
  limit: 3 # scenario-runner:ignore unused-var because the nightly job sets it
steps:
  # scenario-runner:ignore long-sleep because nothing may happen for a minute
  - sleep: 1m
` + "```" + `

The comment stands at the end of the line of the finding, or alone on a line above it; above a step it counts for the whole
step. Several checks are separated by commas. The reason is for whoever reads the file next. A comment without a reason, of an unknown check, or for an error is
an error itself; one that silences nothing is a warning, so that it can't hide the next finding. A finding in another file,
such as a manifest, is silenced at the line that names the file. ` + "`scenario-runner fmt`" + ` leaves these comments where they are.

An id that nothing uses is not reported: ids also name steps in reports and in ` + "`plan`" + `.
`

// Markdown writes the reference of all checks. example returns the Markdown of a file with the mistake and of what the
// program prints about it, "" when there is none.
func Markdown(w io.Writer, example func(name string) (string, error)) error {
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, g := range Groups() {
		var links []string
		for _, c := range in(g) {
			links = append(links, fmt.Sprintf("[%s](#%s)", c.Name, c.Name))
		}
		fmt.Fprintf(&b, "**%s:** %s  \n", g, strings.Join(links, ", "))
	}
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n", g)
		for _, c := range in(g) {
			text, err := example(c.Name)
			if err != nil {
				return err
			}
			c.markdown(&b, text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Check) markdown(b *strings.Builder, example string) {
	fmt.Fprintf(b, "\n### %s\n\n", c.Name)
	kind := "Error"
	switch {
	case c.Silenceable():
		kind = "Warning, can be silenced"
	case c.Severity == diag.Warning:
		kind = "Warning, can't be silenced: " + c.Refusal()
	}
	fmt.Fprintf(b, "*%s.* %s %s\n\n%s\n", kind, c.Meaning, c.Why, c.Cure)
	if example != "" {
		b.WriteString("\n" + example)
	}
}
