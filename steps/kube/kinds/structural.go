package kinds

import (
	"maps"
	"slices"
	"sync"
)

// structural turns the schema of a CustomResourceDefinition into one of ours. Fields with a default are not required:
// the server fills them in first.
func structural(schema map[string]any) *Schema {
	switch {
	case schema["x-kubernetes-preserve-unknown-fields"] == true, schema["x-kubernetes-embedded-resource"] == true:
		return &Schema{}
	case schema["x-kubernetes-int-or-string"] == true:
		return &Schema{Form: WholeOrText}
	}
	switch schema["type"] {
	case "string":
		return &Schema{Form: Text, Enum: texts(schema["enum"])}
	case "boolean":
		return &Schema{Form: Truth}
	case "integer":
		return &Schema{Form: Whole}
	case "number":
		return &Schema{Form: Number}
	case "array":
		items, _ := schema["items"].(map[string]any)
		return &Schema{Form: List, Elem: structural(items)}
	case "object":
		return structuralObject(schema)
	}
	return &Schema{}
}

func structuralObject(schema map[string]any) *Schema {
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		switch more := schema["additionalProperties"].(type) {
		case map[string]any:
			return &Schema{Form: Map, Elem: structural(more)}
		case bool:
			if more {
				return &Schema{Form: Map, Elem: &Schema{}}
			}
		}
		return &Schema{}
	}
	s := &Schema{Form: Object}
	for _, name := range texts(schema["required"]) {
		if of, _ := properties[name].(map[string]any); of["default"] == nil {
			s.Required = append(s.Required, name)
		}
	}
	s.properties = sync.OnceValue(func() []Property {
		var out []Property
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			of, _ := properties[name].(map[string]any)
			out = append(out, Property{Name: name, Schema: structural(of)})
		}
		return out
	})
	return s
}

// customSchema is the schema of whole objects of a definition. Every object has a kind, an API version and metadata,
// whatever it says.
func (c *Catalogue) customSchema(schema map[string]any) *Schema {
	own := structural(schema)
	if own.Form != Object {
		return &Schema{}
	}
	return &Schema{Form: Object, Required: own.Required, properties: sync.OnceValue(func() []Property {
		out := []Property{
			{Name: "apiVersion", Schema: &Schema{Form: Text}},
			{Name: "kind", Schema: &Schema{Form: Text}},
			{Name: "metadata", Schema: c.metadataSchema()},
		}
		for _, p := range own.Properties() {
			if p.Name != "apiVersion" && p.Name != "kind" && p.Name != "metadata" {
				out = append(out, p)
			}
		}
		return out
	})}
}

func texts(value any) []string {
	var out []string
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
