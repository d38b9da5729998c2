package field

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// reference decodes the name of a file that is read before the run.
func (c *pass) reference(n *yaml.Node, what string, s *Shape, target reflect.Value) {
	if !c.binding {
		switch {
		case n.Kind != yaml.ScalarNode || isNull(n) || n.Value == "":
			c.mismatch(n, what, s)
			return
		case strings.Contains(n.Value, "${{"):
			c.report(c.file.Range(n), "wrong-type", "%s: the name of a file can't hold ${{ }}, because the file is read before the run", what)
			return
		case c.decoder.Reference == nil:
			return
		}
		v := c.decoder.Reference(n)
		c.body.compiled[n] = v
		c.body.References = append(c.body.References, v)
	}
	if v := c.body.compiled[n]; v != nil {
		target.Set(reflect.ValueOf(v))
	}
}
