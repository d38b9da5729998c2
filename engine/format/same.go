package format

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// same reports whether two texts are the same document with the same comments. Only the order of keys may differ.
func same(name string, before, after []byte) bool {
	a, diags := source.Parse(name, before)
	if diags.HasErrors() {
		return false
	}
	b, diags := source.Parse(name, after)
	if diags.HasErrors() {
		return false
	}
	return sameNode(a.Root, b.Root) && slices.Equal(lines(before), lines(after))
}

func sameNode(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Style != b.Style || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if !sameNode(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	}
	values := make(map[string]int, len(b.Content)/2)
	for i := 0; i < len(b.Content); i += 2 {
		values[b.Content[i].Value] = i
	}
	for i := 0; i < len(a.Content); i += 2 {
		at, ok := values[a.Content[i].Value]
		if !ok || !sameNode(a.Content[i], b.Content[at]) || !sameNode(a.Content[i+1], b.Content[at+1]) {
			return false
		}
	}
	return true
}

// lines returns what stands on the lines of a text, sorted, without indent and dashes. Formatting moves lines: it neither
// loses nor adds one, so that comments are safe as well, wherever they stand.
func lines(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		for {
			rest, found := strings.CutPrefix(line, "-")
			if !found || rest != "" && rest[0] != ' ' {
				break
			}
			line = strings.TrimSpace(rest)
		}
		if line != "" {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}
