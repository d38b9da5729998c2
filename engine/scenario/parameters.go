package scenario

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// parameters reads the declarations of a template's parameters.
func (c *compiler) parameters(n *yaml.Node) []step.Parameter {
	if n == nil {
		return nil
	}
	if dynamic := dynamics(n); dynamic != nil {
		c.diags.Add(c.file.Range(dynamic[0]), "wrong-type", "a declaration of parameters holds plain values; ${{ }} can't be used here")
		return nil
	}
	declared, body := decodePart[map[string]parameter](c, n, "parameters", c.loader.env)
	var out []step.Parameter
	for _, pair := range source.Pairs(n) {
		d, name := declared[pair.Key.Value], pair.Key.Value
		if !identifier.MatchString(name) {
			c.diags.Add(c.file.Range(pair.Key), "invalid-name", "parameter %q can't be used in expressions; a name has letters, digits and underscores", name)
			continue
		}
		p := step.Parameter{Name: name, Doc: d.Description, Type: step.ValueType{Name: d.Type, Of: d.Of}, At: c.file.Range(pair.Key)}
		if !slices.Contains(step.ValueTypes(), d.Type) {
			p.Type = step.ValueType{Name: "any"} // reported already
		}
		if d.Of != "" && d.Type != "list" && d.Type != "map" {
			c.diags.Add(body.Find(name, "of"), "exclusive-fields", "parameter %q: of says what a list or a map holds; this is %s", name, p.Type.Describe())
			p.Type.Of = ""
		}
		c.values(&p, d, pair.Value, body)
		out = append(out, p)
	}
	return out
}

// values reads the allowed values and the default of a parameter.
func (c *compiler) values(p *step.Parameter, d parameter, n *yaml.Node, body *field.Body) {
	for i, v := range d.Enum {
		converted, err := p.Type.Convert(v)
		if err != nil {
			c.diags.Add(body.Find(p.Name, "enum", fmt.Sprint(i)), "parameter-type", "enum of parameter %q: %s", p.Name, err)
			continue
		}
		p.Enum = append(p.Enum, converted)
	}
	standard, _ := source.Lookup(n, "default")
	p.Required = standard == nil
	if standard == nil {
		return
	}
	converted, err := p.Convert(field.Value(standard))
	if err != nil {
		c.diags.Add(c.file.Range(standard), "parameter-type", "default of parameter %q: %s", p.Name, err)
		return
	}
	p.Default = converted
}

// outputs compiles the outputs of a template, after its steps, of which the types are known then.
func (c *compiler) outputs(n *yaml.Node) []step.TemplateOutput {
	if n == nil {
		return nil
	}
	declared, body := decodePart[map[string]templateOutput](c, n, "outputs", c.env)
	c.programs = append(c.programs, body.Programs...)
	var out []step.TemplateOutput
	for _, pair := range source.Pairs(n) {
		name := pair.Key.Value
		if !identifier.MatchString(name) {
			c.diags.Add(c.file.Range(pair.Key), "invalid-name", "output %q can't be used in expressions; a name has letters, digits and underscores", name)
			continue
		}
		d := declared[name]
		out = append(out, step.TemplateOutput{
			Name: name, Doc: d.Description, Type: d.Value.Type(), Value: d.Value, At: c.file.Range(pair.Key),
		})
	}
	return out
}

// unusedParameters warns of parameters that no expression reads.
func (c *compiler) unusedParameters(all []step.Parameter) {
	used := c.usedFields("parameters")
	for _, p := range all {
		if used != nil && !used[p.Name] && !step.ReadsAnything(&c.shared) {
			c.advice.Warn(p.At, "unused-parameter", "nothing uses parameter %q", p.Name)
		}
	}
}

// usedFields returns the fields of a name that expressions of the file read, nil when one of them reads the whole.
func (c *compiler) usedFields(name string) map[string]bool {
	used := map[string]bool{}
	for _, p := range c.programs {
		for _, r := range p.References {
			switch {
			case r.Path[0] != name:
			case len(r.Path) == 1:
				return nil
			default:
				used[r.Path[1]] = true
			}
		}
	}
	return used
}
