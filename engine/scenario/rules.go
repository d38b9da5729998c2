package scenario

import (
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Rules look at what files say beside the checks of the language, such as the policy of a project. They are asked by
// several goroutines at once.
type Rules interface {
	// Scenario looks at a whole file.
	Scenario(file *source.File) diag.List
	// Step looks at one step, also inside others and inside templates: the mapping it is written as, and the key and
	// value of its kind.
	Step(file *source.File, step *yaml.Node, kind source.Pair) diag.List
}

// ruled asks the rules about the file.
func (c *compiler) ruled() {
	if rules := c.loader.options.Rules; rules != nil {
		*c.diags = append(*c.diags, rules.Scenario(c.file)...)
	}
}

// ruledStep asks the rules about a step.
func (c *compiler) ruledStep(item *yaml.Node, kind *source.Pair) {
	if rules := c.loader.options.Rules; rules != nil && kind != nil {
		*c.diags = append(*c.diags, rules.Step(c.file, item, *kind)...)
	}
}
