package field

import (
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Condition is an expression of a config that is true or false, with its place.
type Condition struct {
	Program *eval.Program
	file    *source.File
	node    *yaml.Node
}

// Range returns where the whole expression stands.
func (c Condition) Range() diag.Range { return c.Within(0, len([]rune(c.Program.Source))) }

// Within returns where the characters from (inclusive) to (exclusive) of the expression stand.
func (c Condition) Within(from, to int) diag.Range { return c.file.Within(c.node, from, to) }
