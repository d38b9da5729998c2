package kinds

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Finding is a mistake at a node of a manifest.
type Finding struct {
	Node    *yaml.Node
	Check   string
	Message string
}

// Inspection says how a manifest is looked at.
type Inspection struct {
	// Dynamic says that texts with ${{ }} are not known before the run; else they are texts like others.
	Dynamic bool
	// File says that the YAML of Kubernetes reads the text, to which yes and on are true. A scenario is read by a newer one.
	File bool
	// Partial says that the rest of the object may be there already, so that nothing is required.
	Partial bool
}

// Inspect compares a manifest with what the schema allows. Null stands for a field that is not given.
func (s *Schema) Inspect(n *yaml.Node, how Inspection) []Finding {
	i := inspector{Inspection: how}
	i.value(n, s, "")
	return i.found
}

type inspector struct {
	Inspection
	found []Finding
}

func (i *inspector) report(n *yaml.Node, check, format string, args ...any) {
	i.found = append(i.found, Finding{n, check, fmt.Sprintf(format, args...)})
}

func (i *inspector) value(n *yaml.Node, s *Schema, path string) {
	n = source.Follow(n)
	if s == nil || s.Form == Anything || n == nil || isNull(n) || i.Dynamic && n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${{") {
		return
	}
	want := yaml.ScalarNode
	switch s.Form {
	case Object, Map:
		want = yaml.MappingNode
	case List:
		want = yaml.SequenceNode
	}
	switch {
	case n.Kind != want:
		i.mismatch(n, s, path, "")
	case s.Form == Object:
		i.object(n, s, path)
	case s.Form == Map:
		for _, p := range source.Pairs(n) {
			i.value(p.Value, s.Elem, join(path, p.Key.Value))
		}
	case s.Form == List:
		for index, item := range n.Content {
			i.value(item, s.Elem, fmt.Sprintf("%s[%d]", path, index))
		}
	default:
		i.scalar(n, s, path)
	}
}

func (i *inspector) object(n *yaml.Node, s *Schema, path string) {
	properties := s.Properties()
	names := make([]string, len(properties))
	for k, p := range properties {
		names[k] = p.Name
	}
	given := map[string]bool{}
	for _, p := range source.Pairs(n) {
		name := p.Key.Value
		given[name] = true
		if strings.HasPrefix(name, "$") { // a directive of a strategic patch
			continue
		}
		of, ok := s.Property(name)
		if !ok {
			i.report(p.Key, "manifest-field", "unknown field %q%s%s", name, within(path), diag.DidYouMean(name, names))
			given[diag.Suggest(name, names)] = true // one mistake, one message
			continue
		}
		i.value(p.Value, of, join(path, name))
	}
	if i.Partial {
		return
	}
	for _, name := range s.Required {
		if !given[name] {
			i.report(n, "manifest-required", "%s needs %q", place(path), name)
		}
	}
}

func (i *inspector) scalar(n *yaml.Node, s *Schema, path string) {
	got := i.formOf(n)
	ok := true
	switch s.Form {
	case Text, Time:
		ok = got == Text
	case Whole:
		ok = got == Whole || got == Number && wholeNumber(n.Value)
	case Number:
		ok = got == Whole || got == Number
	case Truth:
		ok = got == Truth
	case WholeOrText:
		ok = got == Whole || got == Text
	case Quantity:
		if _, err := resource.ParseQuantity(n.Value); err != nil {
			i.mismatch(n, s, path, "")
			return
		}
		ok = got != Truth
	case Duration:
		_, err := time.ParseDuration(n.Value)
		ok = got == Text && err == nil
	}
	if !ok {
		i.mismatch(n, s, path, cure(n, s.Form, got))
		return
	}
	if s.Form == Text && s.Enum != nil && !slices.Contains(s.Enum, n.Value) {
		i.report(n, "manifest-type", "%s can't be %q%s", place(path), n.Value, diag.DidYouMean(n.Value, s.Enum))
	}
}

func (i *inspector) mismatch(n *yaml.Node, s *Schema, path, cure string) {
	i.report(n, "manifest-type", "%s: expected %s, found %s%s", place(path), s.Form, i.describe(n), cure)
}

// cure says how to write what was meant, where only quotes are too many or missing.
func cure(n *yaml.Node, want, got Form) string {
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	switch {
	case (want == Text || want == WholeOrText) && got != Text:
		return "; put it in quotes"
	case want == Whole && quoted && wholeNumber(n.Value), want == Truth && quoted && (n.Value == "true" || n.Value == "false"):
		return "; write it without quotes"
	}
	return ""
}

func wholeNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// truthWords are what YAML 1.1, the YAML of Kubernetes, takes for true and false.
var truthWords = regexp.MustCompile(`^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$`)

// formOf says what a scalar is taken for.
func (i *inspector) formOf(n *yaml.Node) Form {
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0, n.Tag == "!!binary":
		return Text
	case i.File && n.Style&yaml.TaggedStyle == 0 && truthWords.MatchString(n.Value):
		return Truth
	}
	switch n.Tag {
	case "!!int":
		return Whole
	case "!!float":
		return Number
	case "!!bool":
		return Truth
	}
	return Text
}

func (i *inspector) describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch i.formOf(n) {
	case Whole, Number:
		return "the number " + n.Value
	case Truth:
		return n.Value
	}
	return fmt.Sprintf("%q", n.Value)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func join(path, name string) string {
	if path == "" {
		return name
	}
	if strings.ContainsAny(name, "./ ") {
		return fmt.Sprintf("%s[%q]", path, name)
	}
	return path + "." + name
}

func place(path string) string {
	if path == "" {
		return "the object"
	}
	return path
}

func within(path string) string {
	if path == "" {
		return ""
	}
	return " of " + path
}
