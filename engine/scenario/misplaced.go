package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// synonyms are the names that other tools have for the fields of a step.
var synonyms = map[string]string{
	"when": "if", "condition": "if", "unless": "if", "retries": "retry", "attempts": "retry", "dependson": "needs", "after": "needs",
	"requires": "needs", "description": "name", "title": "name", "ignoreerrors": "continueOnError", "allowfailure": "continueOnError",
	"async": "background", "parallel": "background", "timeoutseconds": "timeout", "context": "cluster",
}

// proposeField says what is meant by a field that no step has.
func (c *compiler) proposeField(name string, definition *step.Definition) string {
	names := c.loader.shapes.common.Names()
	if definition != nil {
		if f := definition.Config.Field(name); f != nil {
			return fmt.Sprintf("; it belongs to %s: indent it deeper", definition.Name)
		}
	}
	if diag.Suggest(name, names) == "" {
		if known := synonyms[strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))]; known != "" {
			return fmt.Sprintf("; did you mean %q?", known)
		}
	}
	if definition != nil {
		if near := diag.Suggest(name, definition.Config.Names()); near != "" && diag.Suggest(name, names) == "" {
			return fmt.Sprintf("; did you mean %q? it belongs to %s: indent it deeper", near, definition.Name)
		}
	}
	return diag.DidYouMean(name, names)
}

// misplaced says of a field that a kind does not have that all steps have it.
func (c *compiler) misplaced(kind string) func(string) (hint, instead string) {
	return func(name string) (hint, instead string) {
		if c.loader.shapes.common.Field(name) == nil {
			return "", ""
		}
		return fmt.Sprintf("; it belongs to the step: write it beside %s", kind), ""
	}
}

// misplacedTop says of a field that a file does not have that a section of it has.
func misplacedTop(document *field.Shape) func(string) (hint, instead string) {
	return func(name string) (hint, instead string) {
		for _, section := range document.Fields {
			if section.Shape.Kind == field.Struct && section.Shape.Field(name) != nil {
				return fmt.Sprintf("; it belongs under %s", section.Name), section.Name
			}
		}
		return "", ""
	}
}

// mostKinds is how many kinds are listed in a message; more are looked up.
const mostKinds = 8

// oneKind says what a step needs.
func (c *compiler) oneKind() string { return oneKind(c.loader.registry.Names()) }

func oneKind(kinds []string) string {
	if len(kinds) > mostKinds {
		return "a kind, such as deploy, waitFor or assert; scenario-runner steps lists them"
	}
	return "exactly one of: " + strings.Join(kinds, ", ")
}

// noStep says what is wrong with an item of a list of steps that is no mapping.
func (c *compiler) noStep(item *yaml.Node) {
	kinds := c.loader.registry.Names()
	at := c.file.Range(item)
	key, rest, colon := strings.Cut(item.Value, ":")
	switch {
	case item.Kind == yaml.ScalarNode && colon && rest != "" && slices.Contains(kinds, key):
		c.diags.Add(at, "wrong-type", `a space is missing after the ":" in %q`, item.Value)
	case item.Kind == yaml.ScalarNode && slices.Contains(kinds, item.Value):
		c.diags.Add(at, "wrong-type", `%q needs a ":" and what it is about; see scenario-runner steps %s`, item.Value, item.Value)
	default:
		c.diags.Add(at, "wrong-type", "a step is a mapping with %s", c.oneKind())
	}
}

// noList says what is wrong with a list of steps that is none.
func (c *compiler) noList(n *yaml.Node) {
	found, cure := n.Value, ""
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str":
		found = strconv.Quote(n.Value)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		found = "nothing"
	case n.Kind == yaml.MappingNode:
		found, cure = "a mapping", `; begin each step with "- "`
		if pairs := source.Pairs(n); len(pairs) > 0 && strings.HasPrefix(pairs[0].Key.Value, "-") {
			c.diags.Add(c.file.Range(n), "wrong-type", `a space is missing after the "-" in %q`, pairs[0].Key.Value)
			return
		}
	}
	c.diags.Add(c.file.Range(n), "wrong-type", "expected a list of steps, found %s%s", found, cure)
}

// foreign reports a file that is something else than a scenario. Nothing more is said of it then.
func (c *compiler) foreign(root *yaml.Node) bool {
	version, _ := source.Lookup(root, "apiVersion")
	kind, _ := source.Lookup(root, "kind")
	if version == nil || kind == nil || strings.HasPrefix(version.Value, "scenario-runner/") || kind.Value == KindScenario {
		return false
	}
	c.diags.Add(c.file.Range(kind), "unknown-value", "this file is a %s of %s; a scenario begins with apiVersion: %s and kind: %s",
		kind.Value, version.Value, APIVersion, KindScenario)
	return true
}
