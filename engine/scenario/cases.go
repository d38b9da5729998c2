package scenario

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// fixed are the values that a compiler puts in because it knows the case of the matrix.
type fixed struct {
	matrix *matrix
	one    matrixCase
	used   map[diag.Position][]string // names of the matrix that the value at a position comes from
	known  *field.Known
}

// known is what a decoder is told of the case.
func (c *compiler) known() *field.Known {
	if c.fixed == nil {
		return nil
	}
	if c.fixed.known != nil {
		return c.fixed.known
	}
	c.fixed.known = &field.Known{
		Values: eval.Scope{"matrix": c.fixed.matrix.scope(c.fixed.one)},
		Used: func(n *yaml.Node, programs []*eval.Program) {
			at := c.file.Range(n).Start
			for _, p := range programs {
				for _, r := range p.References {
					if len(r.Path) > 1 {
						c.fixed.used[at] = append(c.fixed.used[at], r.Path[1])
					}
				}
			}
		},
	}
	return c.fixed.known
}

// compileFile checks a scenario file: as it is written and, when it has a matrix, once more for each case, with the
// values of the case in their places. It returns the scenarios, which are only good when there is no error, and the
// compiler of the file as it is written.
func (l *Loader) compileFile(library *library, file *source.File, diags *diag.List) ([]*Scenario, *compiler) {
	defer func() { *diags = check.Silence(file, *diags) }() // once, since a comment may be about a single case
	c := newCompiler(l, library, file, diags)
	c.run()
	m := c.matrix
	if m == nil {
		return []*Scenario{c.scenario}, c
	}
	if steps := len(m.cases) * (len(c.order) + c.expanded); steps > maxExpandedSteps {
		diags.Add(m.at, "expansion-limit", "%d cases of %d steps are more than %d steps; at most that many can run", len(m.cases), len(c.order)+c.expanded, maxExpandedSteps)
		return nil, c
	}
	var scenarios []*Scenario
	found := slices.Clone(*diags)
	for _, one := range m.cases {
		var own diag.List
		s := newCompiler(l, library, file, &own)
		s.matrix = m
		s.fixed = &fixed{matrix: m, one: one, used: map[diag.Position][]string{}}
		s.run()
		for _, d := range own {
			if !contains(found, d) {
				found = append(found, d)
				*diags = append(*diags, s.explain(d))
			}
		}
		s.scenario.Name += " [" + m.label(one) + "]"
		s.scenario.Key += "#" + m.label(one)
		s.scenario.Matrix = m.scope(one)
		scenarios = append(scenarios, s.scenario)
	}
	return scenarios, c
}

func contains(list diag.List, d diag.Diagnostic) bool {
	return slices.ContainsFunc(list, func(other diag.Diagnostic) bool { return other.Range == d.Range && other.Message == d.Message })
}

// explain says which value of the matrix makes a mistake that the file has only in some cases.
func (c *compiler) explain(d diag.Diagnostic) diag.Diagnostic {
	d.Notes = slices.Clone(d.Notes)
	names := c.fixed.used[d.Range.Start]
	if d.Range.File != c.file.Name {
		names = nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if v, ok := c.fixed.one.values[name]; ok {
			d.Note(v.at, "with matrix.%s = %s", name, eval.Format(v.value))
		}
	}
	if len(names) == 0 {
		d.Note(c.fixed.matrix.at, "in the case [%s]", c.fixed.matrix.label(c.fixed.one))
	}
	return d
}

// matrixEnv has what an expression may name that is read before anything runs.
func (c *compiler) matrixEnv() *eval.Env {
	env := c.loader.env.Private()
	if c.matrix != nil {
		env = env.With("matrix", c.matrix.types)
	}
	return env
}

// readBefore reports expressions in parts of the file that are read before anything runs. Only the matrix is known then.
func (c *compiler) readBefore(root *yaml.Node) {
	if c.fixed != nil {
		return // the file as it is written has the same
	}
	cure := "this file has none"
	if c.matrix != nil {
		cure = "as in ${{ matrix." + append(slices.Clone(c.matrix.names), "name")[0] + " }}"
	}
	for _, section := range []string{"metadata", "safety"} {
		n, _ := source.Lookup(root, section)
		for _, scalar := range dynamics(n) {
			if c.reportedIn(scalar) {
				continue
			}
			text, problems := c.matrixEnv().CompileText(scalar.Value)
			plain := len(problems) == 0
			for _, p := range text.Programs() {
				plain = plain && len(p.References) > 0 && !slices.ContainsFunc(p.References, func(r eval.Reference) bool { return r.Path[0] != "matrix" })
			}
			if !plain {
				c.diags.Add(c.file.Range(scalar), "read-before-run", "%s is read before the run, so only the matrix can be used in it; %s", section, cure)
			}
		}
	}
}

// reportedIn reports whether a mistake was found in a scalar.
func (c *compiler) reportedIn(n *yaml.Node) bool {
	at := c.file.Range(n)
	return slices.ContainsFunc(*c.diags, func(d diag.Diagnostic) bool {
		return d.Range.Start.Line == at.Start.Line && d.Range.Start.Column >= at.Start.Column && d.Range.Start.Column < at.End.Column
	})
}

// dynamics returns the scalars of a tree that hold expressions.
func dynamics(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	n = source.Follow(n)
	switch {
	case n == nil:
	case n.Kind == yaml.ScalarNode:
		if isDynamic(n) {
			out = append(out, n)
		}
	default:
		for _, child := range n.Content {
			out = append(out, dynamics(child)...)
		}
	}
	return out
}

func isDynamic(n *yaml.Node) bool { return strings.Contains(n.Value, "${{") }
