package action

import (
	"fmt"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Quantity is a Kubernetes quantity, such as 512Mi, that can be read from YAML.
type Quantity struct {
	resource.Quantity
}

// UnmarshalYAML reads a positive quantity from text or a number.
func (q *Quantity) UnmarshalYAML(node *yaml.Node) error {
	quantity, err := resource.ParseQuantity(node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("found %q, expected a quantity such as 512Mi", node.Value)
	}
	if quantity.Sign() <= 0 {
		return fmt.Errorf("found %q, expected a quantity above zero", node.Value)
	}
	q.Quantity = quantity
	return nil
}
