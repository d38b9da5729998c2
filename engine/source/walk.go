package source

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// walker finds what the YAML parser lets through: duplicate keys, keys that are not text, nesting and aliases that
// would blow up.
type walker struct {
	file    *File
	diags   *diag.List
	nodes   int
	stopped bool
	within  []*yaml.Node // aliases being followed, to see cycles
	muted   bool         // inside a key that is wrong already
}

func (w *walker) walk(n *yaml.Node, depth int) {
	if w.stopped {
		return
	}
	w.nodes++
	if w.nodes > MaxNodes {
		w.stop(n, "yaml-size", "file grows to more than %d nodes when its aliases are followed", MaxNodes)
		return
	}
	if depth > MaxDepth {
		w.stop(n, "yaml-depth", "nested more than %d levels deep", MaxDepth)
		return
	}
	if n.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(n.Tag, "!!") {
		w.diags.Add(w.file.Range(n), "wrong-type", "the tag %q means nothing here; remove it", n.Tag)
	}
	switch n.Kind {
	case yaml.AliasNode:
		w.alias(n, depth)
	case yaml.MappingNode:
		w.keys(n)
		muted := w.muted
		for i, c := range n.Content {
			w.muted = muted || i%2 == 0 && c.Kind != yaml.ScalarNode
			w.walk(c, depth+1)
		}
		w.muted = muted
	case yaml.SequenceNode:
		for _, c := range n.Content {
			w.walk(c, depth+1)
		}
	}
}

func (w *walker) alias(n *yaml.Node, depth int) {
	for _, a := range w.within {
		if a == n.Alias {
			w.stop(n, "yaml-alias", "alias %q contains itself", n.Value)
			return
		}
	}
	w.within = append(w.within, n.Alias)
	w.walk(n.Alias, depth+1)
	w.within = w.within[:len(w.within)-1]
}

func (w *walker) keys(n *yaml.Node) {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			w.noText(k)
			continue
		}
		if merges(k) {
			w.merge(n.Content[i+1])
			continue
		}
		if first, ok := seen[k.Value]; ok {
			w.diags.Add(w.file.Range(k), "duplicate-key", "key %q is given twice; first given at %s", k.Value, w.file.Range(first).Start)
			continue
		}
		seen[k.Value] = k
	}
}

// noText reports a key that is no text. Two braces are two mappings to YAML and a template to authors.
func (w *walker) noText(k *yaml.Node) {
	switch {
	case w.muted:
	case k.Kind == yaml.MappingNode && k.Style&yaml.FlowStyle != 0:
		w.diags.Add(w.file.Range(k), "yaml-key", `a key must be plain text; an expression is written "${{ … }}", in quotes`)
	default:
		w.diags.Add(w.file.Range(k), "yaml-key", "a key must be plain text")
	}
}

// merge checks what << takes over.
func (w *walker) merge(v *yaml.Node) {
	all := []*yaml.Node{v}
	if list := Follow(v); list.Kind == yaml.SequenceNode {
		all = list.Content
	}
	for _, n := range all {
		if Follow(n).Kind != yaml.MappingNode {
			w.diags.Add(w.file.Range(n), "yaml-alias", `"<<" takes over the fields of a mapping, as in <<: *defaults, and this is none`)
		}
	}
}

func (w *walker) stop(n *yaml.Node, check, format string, args ...any) {
	w.diags.Add(w.file.Range(n), check, format, args...)
	w.stopped = true
	w.file.Root = nil // nobody may walk such a tree again
}

// Follow returns the node that an alias stands for, else n itself.
func Follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Pair is one entry of a mapping.
type Pair struct {
	Key, Value *yaml.Node
}

// Pairs returns the entries of a mapping in document order, with merge keys (<<) resolved: an entry that stands in the
// mapping itself wins over a merged one. It returns nil for other nodes.
func Pairs(n *yaml.Node) []Pair {
	n = Follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	own := make([]Pair, 0, len(n.Content)/2)
	var merged []Pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if merges(k) {
			merged = append(merged, mergedPairs(v)...)
			continue
		}
		if k.Kind == yaml.ScalarNode { // others are reported by the walk over the file
			own = append(own, Pair{Key: k, Value: v})
		}
	}
	if merged == nil {
		return own
	}
	has := make(map[string]bool, len(own)+len(merged))
	for _, p := range own {
		has[p.Key.Value] = true
	}
	for _, p := range merged {
		if !has[p.Key.Value] {
			has[p.Key.Value] = true
			own = append(own, p)
		}
	}
	return own
}

// merges reports whether a key takes over the entries of another mapping.
func merges(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Tag == "!!merge"
}

func mergedPairs(v *yaml.Node) []Pair {
	v = Follow(v)
	if v != nil && v.Kind == yaml.SequenceNode {
		var all []Pair
		for _, c := range v.Content {
			all = append(all, Pairs(c)...)
		}
		return all
	}
	return Pairs(v)
}

// Lookup returns the value and the key node of a mapping entry, or nils.
func Lookup(n *yaml.Node, key string) (value, keyNode *yaml.Node) {
	n = Follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	merged := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case merges(k):
			merged = true
		case k.Value == key && k.Kind == yaml.ScalarNode:
			return n.Content[i+1], k
		}
	}
	if !merged {
		return nil, nil
	}
	for _, p := range Pairs(n) {
		if p.Key.Value == key {
			return p.Value, p.Key
		}
	}
	return nil, nil
}
