package rule

import (
	"fmt"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
)

// target reads what an action is aimed at and checks that the action can be aimed at it.
func (p *Problems) target(node *yaml.Node, kind action.Kind) target {
	var read target
	fields := p.fields(node, "target", "kind", "namespace", "name", "selector")
	if fields == nil {
		return read
	}
	for _, field := range fields {
		text := p.text(field.value, "target."+field.key.Value)
		if field.key.Value == "kind" {
			read.kind = text
			if text != "" && text != kind.Target {
				p.add(field.value, "%s is aimed at a %s, found kind %q", kind.Name, kind.Target, text)
			}
			continue
		}
		parsed, err := parseTemplate(text)
		if err != nil {
			p.add(field.value, "target.%s: %s", field.key.Value, err)
			parsed = literal(text)
		}
		switch field.key.Value {
		case "namespace":
			read.namespace = parsed
		case "name":
			read.name = parsed
		case "selector":
			read.selector = parsed
		}
	}
	if read.kind == "" {
		p.add(node, "target needs the key kind: %s", kind.Target)
	}
	p.targetParts(node, read, kind)
	return read
}

// targetParts checks that a target names its object in the way of its kind.
func (p *Problems) targetParts(node *yaml.Node, read target, kind action.Kind) {
	switch {
	case kind.Target == action.Node && !read.namespace.empty():
		p.add(node, "a Node has no namespace, remove the key namespace")
	case kind.Target != action.Node && read.namespace.empty():
		p.add(node, "target needs the key namespace, such as %q", "{{ labels.namespace }}")
	}
	bySelector, byName := kind.Selectable()
	switch {
	case bySelector && byName && read.name.empty() == read.selector.empty():
		p.add(node, "target needs either the key name or the key selector")
	case !byName && (read.selector.empty() || !read.name.empty()):
		p.add(node, "%s finds its targets by the key selector, not by name", kind.Name)
	case !bySelector && !read.selector.empty():
		p.add(node, "only the targets of restart_pod and cleanup_storage can be found by selector, use the key name")
	case byName && !bySelector && read.name.empty():
		p.add(node, "target needs the key name")
	}
}

// checkSelector refuses what a rendered selector must not be: broken, or so wide that it
// hits every pod of the namespace.
func checkSelector(text string) error {
	selector, err := labels.Parse(text)
	if err != nil {
		return fmt.Errorf("found selector %q, expected one such as app=web: %w", text, err)
	}
	if selector.Empty() {
		return fmt.Errorf("found selector %q, which selects every pod", text)
	}
	return nil
}
