package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Schema returns the draft-07 JSON schema of scenario files for the kinds of a registry. A step is one flat closed
// object with guarded if/then clauses rather than a oneOf, because editors then give one precise message.
func Schema(r *step.Registry) *field.Schema {
	shapes := newShapes()
	document := shapes.document.Schema(blockSchema)
	document.Get("properties").(*field.Schema).Set("vars", field.NewSchema().Set("type", "object").Set("description", "Values that expressions read as vars.<name>."))
	document.Get("properties").(*field.Schema).Set("matrix", matrixSchema(shapes))
	return fileSchema(document, "scenario", "A scenario of scenario-runner: deploy, break, alert, wait, assert.", r, shapes)
}

func matrixSchema(shapes shapes) *field.Schema {
	entries := func(doc string) *field.Schema {
		return field.NewSchema().Set("type", "array").Set("items", field.NewSchema().Set("type", "object")).Set("description", doc)
	}
	return field.NewSchema().Set("type", "object").
		Set("properties", field.NewSchema().
			Set(includeKey, entries("Values that are added to the cases that they fit, or cases of their own.")).
			Set(excludeKey, entries("Values of cases that are left out."))).
		Set("additionalProperties", field.NewSchema().Set("type", "array").Set("minItems", 1)).
		Set("description", shapes.document.Field("matrix").Doc)
}

// TemplateSchema returns the draft-07 JSON schema of template files for the kinds of a registry.
func TemplateSchema(r *step.Registry) *field.Schema {
	shapes := newShapes()
	return fileSchema(shapes.template.Schema(blockSchema), "template", "A template of scenario-runner: steps with parameters, for scenarios to use.", r, shapes)
}

func blockSchema() *field.Schema { return ref("steps") }

// fileSchema is the schema of a file with steps, of which document is the top.
func fileSchema(document *field.Schema, title, description string, r *step.Registry, shapes shapes) *field.Schema {
	definitions := field.NewSchema()
	definitions.Set("steps", field.NewSchema().Set("type", "array").Set("minItems", 1).Set("items", ref("step")))
	definitions.Set("step", stepSchema(r, shapes))
	for _, d := range r.Steps {
		s := d.Config.SchemaOf(field.SchemaOptions{
			What: d.Name, Defaults: d.Default(), Block: blockSchema,
			EnumDocs: func(f *field.Field) []string { return EnumDocs(f, d.Doc) },
		})
		if !anyRequired(d.Config) && s.Get("anyOf") == nil {
			s.Set("type", []string{"object", "null"})
		}
		definitions.Set(d.Name, s.Set("description", d.Summary).Set("markdownDescription", kindText(d)))
	}
	head := field.NewSchema().
		Set("$schema", "http://json-schema.org/draft-07/schema#").
		Set("title", title).
		Set("description", description)
	for _, key := range document.Keys() {
		head.Set(key, document.Get(key))
	}
	return head.Set("patternProperties", field.NewSchema().Set("^x-", field.NewSchema())).Set("definitions", definitions)
}

func ref(name string) *field.Schema { return field.NewSchema().Set("$ref", "#/definitions/"+name) }

func anyRequired(s *field.Shape) bool {
	for _, f := range s.Fields {
		if f.Required {
			return true
		}
	}
	return false
}

func stepSchema(r *step.Registry, shapes shapes) *field.Schema {
	properties := field.NewSchema()
	kinds := r.Names()
	for _, d := range r.Steps {
		properties.Set(d.Name, ref(d.Name).Set("description", d.Summary).Set("markdownDescription", kindText(d)))
	}
	for _, f := range shapes.common.Fields {
		properties.Set(f.Name, f.Schema(nil))
	}
	properties.Get("id").(*field.Schema).Set("pattern", stepID.String()).
		Set("patternErrorMessage", "id: it must start with a lower-case letter and have only lower-case letters, digits and underscores")
	known := append(append([]string{}, kinds...), shapes.common.Names()...)
	oneOf := make([]any, len(kinds))
	for i, k := range kinds {
		oneOf[i] = field.NewSchema().Set("required", []string{k}).
			Set("errorMessage", "a step needs "+oneKind(kinds))
	}
	clauses := []any{field.NewSchema().
		Set("if", field.NewSchema().Set("propertyNames", field.NewSchema().Set("enum", known))).
		Set("then", field.NewSchema().Set("anyOf", oneOf))}
	for i, k := range kinds[:max(len(kinds)-1, 0)] {
		later := field.NewSchema()
		for _, other := range kinds[i+1:] {
			later.Set(other, false)
		}
		clauses = append(clauses, field.NewSchema().
			Set("if", field.NewSchema().Set("required", []string{k})).
			Set("then", field.NewSchema().Set("properties", later).
				Set("errorMessage", fmt.Sprintf(`a step holds one action, and this one has %q already; begin another step with "- "`, k))))
	}
	return field.NewSchema().Set("type", "object").Set("additionalProperties", false).
		Set("properties", properties).Set("defaultSnippets", snippets(r)).Set("allOf", clauses)
}

// kindText is what an editor shows of a step kind: its summary and its first example.
func kindText(d step.Definition) string {
	text := d.Summary
	if example := FirstExample(d.Doc); example != "" {
		text += "\n\n```yaml\n" + example + "\n```"
	}
	return text
}

// withoutGuards takes the clauses out of a schema that only give editors one precise message for a step with no kind or
// two: our own checks have found those before, and the clauses cost more than everything else together.
func withoutGuards(s *field.Schema) *field.Schema {
	definitions := s.Get("definitions").(*field.Schema)
	guarded := definitions.Get("step").(*field.Schema)
	plainStep := field.NewSchema()
	for _, key := range guarded.Keys() {
		if key != "allOf" {
			plainStep.Set(key, guarded.Get(key))
		}
	}
	definitions.Set("step", plainStep)
	return s
}

// Validator checks files against the JSON schema. It is the second gate, behind our own checks: what it finds is a gap
// in one of the two, and still an error. It is safe for concurrent use.
type Validator struct {
	form    func() *form
	library func() (*jsonschema.Schema, error)
}

// NewValidator returns a validator for a schema, or says why there can't be one.
func NewValidator(s *field.Schema) (*Validator, error) {
	v := lazyValidator(func() *field.Schema { return s })
	_, err := v.library()
	return v, err
}

// lazyValidator returns a validator for a schema that is made when the first file is checked.
func lazyValidator(schema func() *field.Schema) *Validator {
	schema = sync.OnceValue(schema)
	return &Validator{
		form:    sync.OnceValue(func() *form { return newForm(schema()) }),
		library: sync.OnceValues(func() (*jsonschema.Schema, error) { return compileSchema(schema()) }),
	}
}

func compileSchema(s *field.Schema) (*jsonschema.Schema, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing the scenario schema: %w", err)
	}
	compiled, err := jsonschema.CompileString("scenario.schema.json", string(data))
	if err != nil {
		return nil, fmt.Errorf("compiling the scenario schema: %w", err)
	}
	return compiled, nil
}

// Validate reports the most precise violations of the schema. The library that words them is asked only about files
// that are not certainly right.
func (v *Validator) Validate(f *source.File) diag.List {
	if v.Certain(f) {
		return nil
	}
	return v.Violations(f)
}

// Certain reports whether a file is certainly right. Of one that is not, nothing is said.
func (v *Validator) Certain(f *source.File) bool { return v.form().accepts(f.Root) }

// Violations reports what the library finds, whatever is known without it.
func (v *Validator) Violations(f *source.File) diag.List {
	var diags diag.List
	schema, err := v.library()
	if err != nil {
		diags.Add(f.Range(f.Root), "schema", "%s", err)
		return diags
	}
	violation, ok := schema.Validate(field.Value(f.Root)).(*jsonschema.ValidationError) //nolint:errorlint // documented to be returned as it is
	if !ok {
		return nil
	}
	leaves(violation, func(leaf *jsonschema.ValidationError) {
		diags.Add(f.Range(at(f.Root, leaf.InstanceLocation)), "schema", "%s", leaf.Message)
	})
	return diags
}

func leaves(e *jsonschema.ValidationError, found func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		found(e)
	}
	for _, c := range e.Causes {
		leaves(c, found)
	}
}

// at follows a JSON pointer as far as it goes.
func at(n *yaml.Node, pointer string) *yaml.Node {
	for _, token := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		n = source.Follow(n)
		if n.Kind == yaml.SequenceNode {
			var i int
			if _, err := fmt.Sscan(token, &i); err != nil || i >= len(n.Content) {
				return n
			}
			n = n.Content[i]
			continue
		}
		value, _ := source.Lookup(n, token)
		if value == nil {
			return n
		}
		n = value
	}
	return n
}
