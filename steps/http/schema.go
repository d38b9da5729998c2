package http

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

// compileSchema reads a JSON schema. It stands alone: what it refers to elsewhere is not fetched.
func compileSchema(schema any) (*jsonschema.Schema, error) {
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
	return compiler.Compile(name)
}

func checkSchema(schema any, p *step.Problems) {
	if schema == nil {
		return
	}
	if _, isMap := schema.(map[string]any); !isMap {
		p.At("expect.schema", "a schema is a mapping, such as {type: object}")
		return
	}
	if _, err := compileSchema(schema); err != nil {
		p.At("expect.schema", "this is no JSON schema: %s", strings.Join(reasons(err), "; "))
	}
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

// judgeSchema compares the body of an answer with the schema.
func (x *exchange) judgeSchema(body any) error {
	if x.schema == nil {
		return nil
	}
	err := x.schema.Validate(body)
	if err == nil {
		return nil
	}
	wrong := reasons(err)
	f := step.Fail("the body of the answer to %s does not fit its schema: %s", x.name(), wrong[0])
	if len(wrong) > 1 {
		f.Message += fmt.Sprintf(" (and %d more)", len(wrong)-1)
		f.Explain("schema", wrong...) //nolint:errcheck // it returns the failure itself
	}
	return f
}

// typeOf returns what a schema says of a value, for expressions. What it does not say for sure can be anything.
func typeOf(schema any) eval.Type {
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
		return eval.ListOf(typeOf(s["items"]))
	case "object":
		return objectOf(s)
	}
	return eval.AnyType // also number: a whole number is one, and JSON does not tell 3 from 3.0
}

func objectOf(s map[string]any) eval.Type {
	properties, _ := s["properties"].(map[string]any)
	if properties == nil {
		if more, ok := s["additionalProperties"].(map[string]any); ok {
			return eval.MapOf(typeOf(more))
		}
		return eval.AnyType
	}
	out := eval.Type{Kind: eval.Object}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		doc := ""
		if property, ok := properties[name].(map[string]any); ok {
			doc, _ = property["description"].(string)
		}
		out.Fields = append(out.Fields, eval.Field{Name: name, Doc: doc, Type: typeOf(properties[name])})
	}
	return out
}
