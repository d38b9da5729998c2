// Package foreach is the container step that runs its steps once for each item of a list. The scheduler runs the steps;
// this package counts how they ended.
package foreach

import (
	_ "embed"
	"regexp"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `forEach`.
type Config struct {
	In       eval.Tree  `yaml:"in" required:"true" doc:"The list, written out or as an expression. A mapping gives its entries, each with key and value." example:"[web, api]"`
	As       string     `yaml:"as" doc:"Name of the item in expressions." example:"service"`
	Parallel int        `yaml:"parallel" doc:"How many items are worked on at once."`
	FailFast bool       `yaml:"failFast" doc:"Begin no further item once one has not passed."`
	Steps    step.Block `yaml:"steps" required:"true" scope:"@as=item,index" doc:"The steps to run for each item. Expressions in them see the item and its index, which starts at 0."`
}

// Outputs tell how it went, in the order of the list.
type Outputs struct {
	Count  int      `expr:"count" doc:"Number of items."`
	Passed int      `expr:"passed" doc:"Number of items whose steps passed."`
	Items  []Result `expr:"items" doc:"What came of each item that was begun."`
}

// Result is what came of one item.
type Result struct {
	Item    any            `expr:"item" doc:"The item."`
	Index   int            `expr:"index" doc:"Its place in the list; the first is 0."`
	Verdict string         `expr:"verdict" doc:"How its steps ended: passed, failed, errored, inconclusive or skipped."`
	Message string         `expr:"message" doc:"Why they did not pass."`
	Steps   map[string]any `expr:"steps" doc:"Outputs of its steps, by their ids."`
}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "forEach",
		Group:   step.Flow,
		Doc:     doc,
		Timeout: -1, // the steps inside have their own
		Default: func() Config { return Config{As: "item", Parallel: 1} },
		Check:   check,
		Title:   func(c *Config) string { return "for each " + c.As },
		Names:   names,
		Refine:  refine,
		Run:     run,
	})
}

var identifier = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// taken are the names that expressions have anyway.
func taken() []string {
	return []string{"vars", "matrix", "env", "secrets", "scenario", "cluster", "steps", "parameters", "setup", "index"}
}

func check(c *Config, p *step.Problems) {
	switch {
	case p.Dynamic("as") && c.As == "":
		p.At("as", "a name is part of the language: it can't be the value of an expression")
	case !identifier.MatchString(c.As):
		p.At("as", "%q can't be named in an expression; a name starts with a lower-case letter and has letters, digits and underscores", c.As)
	case slices.Contains(taken(), c.As):
		p.At("as", "%q is a name that expressions have already; choose another one", c.As)
	}
	if c.Parallel < 1 && !p.Dynamic("parallel") {
		p.At("parallel", "at least 1 item is worked on at once, found %d", c.Parallel)
	}
	switch t := c.In.Type(); t.Kind {
	case eval.Any, eval.List, eval.Map, eval.Object:
	default:
		p.Mistake("in", "wrong-type", "in: expected a list or a mapping, found %s", t.Kind)
	}
}

// names tells the types of the item and its index.
func names(c *Config, _ *step.Place, name string) eval.Type {
	if name == "index" {
		return eval.Type{Kind: eval.Int}
	}
	return itemType(c.In.Type())
}

func itemType(t eval.Type) eval.Type {
	switch t.Kind {
	case eval.List:
		if t.Elem != nil {
			return *t.Elem
		}
	case eval.Map:
		value := eval.AnyType
		if t.Elem != nil {
			value = *t.Elem
		}
		return entryType(value)
	case eval.Object:
		return entryType(eval.AnyType)
	}
	return eval.AnyType
}

func entryType(value eval.Type) eval.Type {
	return eval.Type{Kind: eval.Object}.
		With("key", "Key of the entry.", eval.Type{Kind: eval.String}).
		With("value", "Value of the entry.", value)
}

// refine puts what is known of the item and of the steps into the type of the outputs.
func refine(c *Config, _ *step.Place, t eval.Type) eval.Type {
	items, _ := t.Field("items")
	item := items.Type.Elem.
		With("item", "The item.", itemType(c.In.Type())).
		With("steps", "Outputs of its steps, by their ids.", c.Steps.Outputs)
	return t.With("items", items.Doc, eval.ListOf(item))
}
