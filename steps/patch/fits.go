package patch

import (
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// fits reports parts of the patch that the kind does not have: a merge would drop them and change nothing. Operations and
// the scale of an object have fields of their own.
func fits(c *Config, p *step.Problems) {
	if n := p.Node("patch"); n != nil && n.Kind == yaml.MappingNode && c.Type != "json" && c.Subresource != "scale" {
		kube.Fits(p, "patch", c.Object)
	}
}
