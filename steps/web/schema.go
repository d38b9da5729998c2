package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Schema is a JSON schema that bodies are held to.
type Schema struct{ compiled *jsonschema.Schema }

// CompileSchema reads a JSON schema, nil when there is none. It stands alone: what it refers to elsewhere is not fetched.
func CompileSchema(schema any) (*Schema, error) {
	if schema == nil {
		return nil, nil //nolint:nilnil // nothing is held to it
	}
	data, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("it refers to %s; a schema has to stand alone", url)
	}
	const name = "schema:answer"
	if err := compiler.AddResource(name, strings.NewReader(string(data))); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(name)
	return &Schema{compiled}, err
}

// CheckSchema reports what is no schema, at a path of the config.
func CheckSchema(path string, schema any, p *step.Problems) {
	if schema == nil {
		return
	}
	if _, isMap := schema.(map[string]any); !isMap {
		p.At(path, "a schema is a mapping, such as {type: object}")
		return
	}
	if _, err := CompileSchema(schema); err != nil {
		p.At(path, "this is no JSON schema: %s", strings.Join(reasons(err), "; "))
	}
}

// Wrong returns the places where a body does not fit, none when it fits or when there is no schema.
func (s *Schema) Wrong(body any) []string {
	if s == nil {
		return nil
	}
	if err := s.compiled.Validate(body); err != nil {
		return reasons(err)
	}
	return nil
}

// reasons writes what is wrong, the innermost reasons only.
func reasons(err error) []string {
	var out []string
	var collect func(v *jsonschema.ValidationError)
	collect = func(v *jsonschema.ValidationError) {
		if len(v.Causes) == 0 {
			out = append(out, fmt.Sprintf("%s: %s", place(v.InstanceLocation), v.Message))
		}
		for _, cause := range v.Causes {
			collect(cause)
		}
	}
	wrong, isValidation := errors.AsType[*jsonschema.ValidationError](err)
	if !isValidation {
		var schema *jsonschema.SchemaError
		if errors.As(err, &schema) {
			if inner, ok := errors.AsType[*jsonschema.ValidationError](schema.Err); ok {
				return reasons(inner)
			}
			return []string{schema.Err.Error()}
		}
		return []string{err.Error()}
	}
	collect(wrong)
	slices.Sort(out)
	return slices.Compact(out)
}

// place writes a JSON pointer as expressions write a path.
func place(pointer string) string {
	if pointer == "" {
		return "the whole"
	}
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// TypeOfSchema returns what a schema says of a value, for expressions. What it does not say for sure can be anything.
func TypeOfSchema(schema any) eval.Type {
	s, _ := schema.(map[string]any)
	switch s["type"] {
	case "string":
		return eval.Type{Kind: eval.String}
	case "integer":
		return eval.Type{Kind: eval.Int}
	case "boolean":
		return eval.Type{Kind: eval.Bool}
	case "array":
		if s["items"] == nil {
			return eval.ListOf(eval.AnyType)
		}
		return eval.ListOf(TypeOfSchema(s["items"]))
	case "object":
		return objectOf(s)
	}
	return eval.AnyType // also number: a whole number is one, and JSON does not tell 3 from 3.0
}

func objectOf(s map[string]any) eval.Type {
	properties, _ := s["properties"].(map[string]any)
	if properties == nil {
		if more, ok := s["additionalProperties"].(map[string]any); ok {
			return eval.MapOf(TypeOfSchema(more))
		}
		return eval.AnyType
	}
	out := eval.Type{Kind: eval.Object}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		doc := ""
		if property, ok := properties[name].(map[string]any); ok {
			doc, _ = property["description"].(string)
		}
		out.Fields = append(out.Fields, eval.Field{Name: name, Doc: doc, Type: TypeOfSchema(properties[name])})
	}
	return out
}

// Unsure returns the first field on a path of names that a schema knows and does not require, and the names up to it; "" when
// a body that fits has them all.
func Unsure(schema any, path []string) (field string, before []string) {
	for i, name := range path {
		s, _ := schema.(map[string]any)
		properties, _ := s["properties"].(map[string]any)
		next, known := properties[name]
		if !known {
			return "", nil
		}
		if required, _ := s["required"].([]any); !slices.Contains(required, any(name)) {
			return name, path[:i]
		}
		schema = next
	}
	return "", nil
}
