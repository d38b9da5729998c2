package lsp

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// templateSuffix is what the names of template files end with.
const templateSuffix = ".template.yaml"

// templateNames lists the templates below the document's folder, and those that a name alone means.
func (s *Server) templateNames(d *document) []string {
	out := fileNames(d, "template")
	for _, folder := range s.project(d).Library {
		_ = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error { // what can't be read is not offered
			if err == nil && entry.IsDir() && name != "." {
				return fs.SkipDir
			}
			if bare, ok := strings.CutSuffix(name, templateSuffix); ok && !slices.Contains(out, bare) {
				out = append(out, bare)
			}
			return nil
		})
	}
	return out
}

// useAt returns the use of a template whose parameters the mapping at a path gives: a mapping that stands beside the name
// of the template.
func useAt(i *scenario.Inspection, path []string) (scenario.TemplateUse, bool) {
	if len(path) < 2 || i.File.Root == nil {
		return scenario.TemplateUse{}, false
	}
	n := i.File.Root
	for _, key := range path[:len(path)-1] {
		if n = follow(n, key); n == nil {
			return scenario.TemplateUse{}, false
		}
	}
	return useIn(i, n)
}

// useIn returns the use of a template whose name is a value of a mapping.
func useIn(i *scenario.Inspection, n *yaml.Node) (scenario.TemplateUse, bool) {
	for _, p := range source.Pairs(n) {
		value := source.Follow(p.Value)
		for _, u := range i.Templates {
			if u.Node == value {
				return u, true
			}
		}
	}
	return scenario.TemplateUse{}, false
}

// parameterKeys offers the parameters of the template that a mapping gives.
func (s *Server) parameterKeys(d *document, p place, after bool, has func(string) bool, out *items) {
	u, ok := useAt(s.readable(d, p.from), p.path)
	if !ok {
		return
	}
	for _, parameter := range u.Template.Parameters {
		if has(parameter.Name) {
			continue
		}
		text := parameter.Name
		if !after {
			text += ": $0"
		}
		item := completionItem{Label: parameter.Name, Kind: itemProperty, Detail: parameterDetail(parameter), Documentation: markdown(parameterDoc(parameter))}
		out.add(item, text)
	}
}

func parameterDetail(p step.Parameter) string {
	text := p.Type.Describe()
	if p.Required {
		text += ", required"
	}
	return text
}

func parameterDoc(p step.Parameter) string {
	text := "**" + p.Name + "**: " + parameterDetail(p)
	if p.Doc != "" {
		text += "\n\n" + p.Doc
	}
	if len(p.Enum) > 0 {
		text += "\n\nOne of: " + strings.Join(texts(p.Enum), ", ")
	}
	if p.Default != nil {
		text += "\n\nDefault: `" + eval.Format(p.Default) + "`"
	}
	return text
}

// texts are values as authors write them.
func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if text, ok := v.(string); ok {
			out[i] = text
			continue
		}
		out[i] = eval.Format(v)
	}
	return out
}

// parameterAt returns the parameter that a place gives, as a key or as its value.
func (s *Server) parameterAt(d *document, p place) (step.Parameter, bool) {
	path := p.path
	if p.key {
		path = append(slices.Clone(p.path), p.name)
	}
	if len(path) < 3 {
		return step.Parameter{}, false
	}
	u, ok := useAt(s.readable(d, p.from), path[:len(path)-1])
	if !ok {
		return step.Parameter{}, false
	}
	return u.Template.Parameter(path[len(path)-1])
}

// parameterValues offers what a parameter can be.
func (s *Server) parameterValues(d *document, p place, out *items) {
	parameter, ok := s.parameterAt(d, p)
	if !ok {
		return
	}
	values := texts(parameter.Enum)
	switch kind := parameter.Type.Expression().Kind; {
	case len(values) > 0:
	case kind == eval.Bool:
		values = []string{"true", "false"}
	case parameter.Default != nil && kind != eval.List && kind != eval.Map && kind != eval.Object && kind != eval.Any:
		values = texts([]any{parameter.Default})
	}
	for _, v := range values {
		out.add(completionItem{Label: v, Kind: itemValue, Documentation: markdown(parameterDoc(parameter))}, out.plain(v))
	}
}

// templateDefinition goes from the name of a template to its file, and from the parameters that a use gives to where they
// are declared.
func (s *Server) templateDefinition(d *document, p place, offset int) []location {
	if parameter, ok := s.parameterAt(d, p); ok && p.key {
		return s.locate(parameter.At)
	}
	i := s.readable(d, offset)
	for _, u := range i.Templates {
		from, to := d.bounds(i.File.Range(u.Node))
		if offset >= from && offset <= to && u.Path != "" {
			return []location{{URI: uriOf(absolute(u.Path))}}
		}
	}
	return []location{}
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// locate returns a range of a file that may not be open.
func (s *Server) locate(r diag.Range) []location {
	if r.IsZero() {
		return []location{}
	}
	path := absolute(r.File)
	data, ok := s.read(path)
	if !ok {
		return []location{}
	}
	file := newDocument(uriOf(path), 0, string(data))
	return []location{{URI: file.uri, Range: file.spanOf(r)}}
}

var outputOf = regexp.MustCompile(`(?:^|[^.\w])steps\s*\??\.\s*(\w+)\s*\??\.\s*(\w+)$`)

// outputDefinition goes from an output of a step to where its template gives it.
func (s *Server) outputDefinition(i *scenario.Inspection, text string) []location {
	m := outputOf.FindStringSubmatch(text)
	if m == nil {
		return []location{}
	}
	for _, o := range i.Steps {
		if o.ID != m[1] {
			continue
		}
		u, ok := useIn(i, o.Node)
		if !ok {
			body, _ := source.Lookup(o.Node, o.Kind)
			u, _ = useIn(i, body)
		}
		for _, output := range u.Template.Outputs {
			if output.Name == m[2] {
				return s.locate(output.At)
			}
		}
	}
	return []location{}
}

var missingParameter = regexp.MustCompile(` needs parameter "([^"]+)"`)

// missingParameter writes a parameter that must be given.
func (c *cures) missingParameter() {
	m := missingParameter.FindStringSubmatch(c.found.Message)
	if m == nil {
		return
	}
	for _, u := range c.inspection.Templates {
		parameter, ok := u.Template.Parameter(m[1])
		if !ok {
			continue
		}
		entry := fmt.Sprintf("%s: %s", parameter.Name, sampleOf(parameter))
		given, line := withOf(c.inspection, u), c.found.Range.Start.Line
		if given != nil && min(u.Node.Line, given.Line) <= line && line <= max(u.Node.Line, given.Line) { // another use is not meant
			c.entry(given, entry, "Add "+parameter.Name)
		}
	}
}

// withOf returns the mapping beside the name of a template.
func withOf(i *scenario.Inspection, u scenario.TemplateUse) *yaml.Node {
	var found *yaml.Node
	var search func(n *yaml.Node)
	search = func(n *yaml.Node) {
		if n.Kind == yaml.AliasNode || found != nil {
			return
		}
		pairs := source.Pairs(n)
		isStep := slices.ContainsFunc(i.Steps, func(o scenario.StepOutline) bool { return o.Node == n })
		if !isStep && slices.ContainsFunc(pairs, func(p source.Pair) bool { return p.Value == u.Node }) {
			for _, p := range pairs {
				if value := source.Follow(p.Value); value.Kind == yaml.MappingNode && len(value.Content) > 0 {
					found = value
				}
			}
			return
		}
		for _, child := range n.Content {
			search(child)
		}
	}
	search(i.File.Root)
	return found
}

// entry puts an entry before the first one of a mapping.
func (c *cures) entry(mapping *yaml.Node, text, title string) {
	first := c.document.at(c.inspection.File.Range(mapping.Content[0]).Start)
	after := ", "
	if mapping.Style&yaml.FlowStyle == 0 {
		line := c.document.position(first).Line
		after = "\n" + strings.Repeat(" ", first-c.document.lines[line])
	}
	c.list = append(c.list, cure{title: title, from: first, to: first, text: text + after, preferred: true})
}

// sampleOf is a value of a parameter to start from.
func sampleOf(p step.Parameter) string {
	if len(p.Enum) > 0 {
		return texts(p.Enum)[0]
	}
	switch p.Type.Expression().Kind {
	case eval.Bool:
		return "true"
	case eval.Int, eval.Float:
		return "1"
	case eval.Duration:
		return "30s"
	case eval.List:
		return "[]"
	case eval.Map, eval.Object:
		return "{}"
	}
	return `""`
}
