package scenario

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// use reads the template that a step names. What is wrong in its file is reported there, once for each file that uses
// it, with the place of the use.
func (c *compiler) use(n *yaml.Node) step.Template {
	t := step.Template{Name: n.Value}
	at := c.file.Range(n)
	f, wrong := c.library.find(c.file.Name, n.Value)
	if wrong != nil {
		c.diags.Add(at, wrong.check, "%s", wrong.message)
		return t
	}
	if c.self != nil && c.circular(f, at) {
		return t
	}
	if f.err != nil {
		c.diags.Add(at, "unknown-template", "template %q can't be read: %v", n.Value, f.err)
		return t
	}
	if f.file.Root != nil && !c.isTemplate(f, n.Value, at) {
		return t
	}
	done := f.compile()
	c.expand(done, at)
	for _, d := range done.diags {
		if d.Severity == diag.Error && !c.reported[f] {
			d.Notes = slices.Clone(d.Notes)
			*c.diags = append(*c.diags, *d.Note(at, "used by this step")) //nolint:staticcheck // a copy of the diagnostic
		}
	}
	if c.reported == nil {
		c.reported = map[*libraryFile]bool{}
	}
	c.reported[f] = true
	c.used = append(c.used, TemplateUse{Node: n, Path: f.name, Template: done.template})
	t = done.template
	t.Name = n.Value
	return t
}

// isTemplate reports whether a file is a template, and a mistake when it is not.
func (c *compiler) isTemplate(f *libraryFile, name string, at diag.Range) bool {
	kind, _ := source.Lookup(f.file.Root, "kind")
	if kind != nil && kind.Value == KindTemplate {
		return true
	}
	what := "is no template: it does not say kind: " + KindTemplate
	if kind != nil && kind.Value != "" {
		what = fmt.Sprintf("is no template: its kind is %q", kind.Value)
	}
	c.diags.Add(at, "not-a-template", "%s %s", filepath.ToSlash(name), what)
	return false
}

// circular reports a template that leads back to the file that is being checked.
func (c *compiler) circular(f *libraryFile, at diag.Range) bool {
	if c.straight[f] {
		return false
	}
	var back []templateUse
	if f != c.self {
		if back = c.library.loop(f, c.self); back == nil {
			if c.straight == nil {
				c.straight = map[*libraryFile]bool{}
			}
			c.straight[f] = true
			return false
		}
	}
	names := []string{filepath.ToSlash(c.self.name), filepath.ToSlash(f.name)}
	d := c.diags.Add(at, "template-cycle", "")
	from := f
	for _, u := range back {
		d.Note(from.file.Range(u.node), "which uses %s", filepath.ToSlash(u.file.name))
		names = append(names, filepath.ToSlash(u.file.name))
		from = u.file
	}
	d.Message = "templates use each other without end: " + strings.Join(names, " -> ")
	if f == c.self {
		d.Message = "this template uses itself without end"
	}
	return true
}

// expand counts the steps that a use brings, and reports when they become too many.
func (c *compiler) expand(done *compiledTemplate, at diag.Range) {
	if c.depth = max(c.depth, done.depth); done.depth == maxTemplateDepth+1 {
		c.diags.Add(at, "expansion-limit", "templates are used by templates more than %d levels deep", maxTemplateDepth)
	}
	if done.diags.HasErrors() {
		return
	}
	before := c.expanded
	c.expanded = min(c.expanded+done.steps, maxExpandedSteps+1)
	if total := len(c.order) + c.expanded; total > maxExpandedSteps && len(c.order)+before <= maxExpandedSteps {
		c.diags.Add(at, "expansion-limit", "with this use the file stands for more than %d steps; at most that many can run", maxExpandedSteps)
	}
}
