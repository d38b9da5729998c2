package scenario

import (
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// namespaceName is what the server takes as the name of a namespace.
var namespaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// metadata checks what the types of the fields can't say.
func (c *compiler) metadata(root *yaml.Node) {
	section, _ := source.Lookup(root, "metadata")
	name, _ := source.Lookup(section, "name")
	if name != nil && name.Kind == yaml.ScalarNode && name.Value == "" && name.Tag == "!!str" {
		c.diags.Add(c.file.Range(name), "invalid-value", "the name is empty; reports and selections call the scenario by it")
	}
	namespace, _ := source.Lookup(section, "namespace")
	if namespace != nil && namespace.Kind == yaml.ScalarNode && namespace.Tag != "!!null" && !namespaceName.MatchString(namespace.Value) {
		c.diags.Add(c.file.Range(namespace), "invalid-value",
			`%q can't be the name of a namespace, which has at most 63 lower-case letters, digits and "-"`, namespace.Value)
	}
}
