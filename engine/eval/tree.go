package eval

import (
	"fmt"
	"reflect"
)

// Tree is a YAML value of any shape in which strings may hold ${{ }}. The zero Tree is nil.
type Tree struct {
	value any // nil, bool, int, float64, string, Text, []Tree or []entry
}

type entry struct {
	key   string
	value Tree
}

// Plain returns the tree of a value without expressions.
func Plain(v any) Tree { return Tree{value: v} }

// TextTree returns the tree of a string.
func TextTree(t Text) Tree { return Tree{value: t} }

// ListTree returns the tree of a list.
func ListTree(items []Tree) Tree { return Tree{value: items} }

// MapTree builds the tree of a mapping entry by entry, in order.
func MapTree(keys []string, values []Tree) Tree {
	entries := make([]entry, len(keys))
	for i := range keys {
		entries[i] = entry{keys[i], values[i]}
	}
	return Tree{value: entries}
}

// Type returns what is known of the value before the run.
func (t Tree) Type() Type {
	switch v := t.value.(type) {
	case Text:
		if p := v.Single(); p != nil {
			return p.Type
		}
		return Type{Kind: String}
	case []Tree:
		return ListOf(common(v))
	case []entry:
		out := Type{Kind: Object}
		for _, e := range v {
			out.Fields = append(out.Fields, Field{Name: e.key, Type: e.value.Type()})
		}
		return out
	}
	return TypeOfValue(t.value)
}

// common returns the type that all items have, or AnyType.
func common(items []Tree) Type {
	if len(items) == 0 {
		return AnyType
	}
	first := items[0].Type()
	for _, item := range items[1:] {
		if !reflect.DeepEqual(item.Type(), first) {
			return AnyType
		}
	}
	return first
}

// Eval returns the value: nil, bool, int, float64, string, []any, map[string]any or what a single expression gives.
func (t Tree) Eval(scope Scope) (any, error) {
	switch v := t.value.(type) {
	case Text:
		return v.Value(scope)
	case []Tree:
		out := make([]any, len(v))
		for i, item := range v {
			e, err := item.Eval(scope)
			if err != nil {
				return nil, fmt.Errorf("item %d: %w", i+1, err)
			}
			out[i] = e
		}
		return out, nil
	case []entry:
		out := make(map[string]any, len(v))
		for _, item := range v {
			e, err := item.value.Eval(scope)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", item.key, err)
			}
			out[item.key] = e
		}
		return out, nil
	}
	return t.value, nil
}

// Programs returns the expressions of t in document order.
func (t Tree) Programs() []*Program {
	switch v := t.value.(type) {
	case Text:
		return v.Programs()
	case []Tree:
		var out []*Program
		for _, item := range v {
			out = append(out, item.Programs()...)
		}
		return out
	case []entry:
		var out []*Program
		for _, item := range v {
			out = append(out, item.value.Programs()...)
		}
		return out
	}
	return nil
}

// Single returns the expression when t is a string that is nothing but one, else nil.
func (t Tree) Single() *Program {
	text, ok := t.value.(Text)
	if !ok {
		return nil
	}
	return text.Single()
}

// Items returns the items of a list; false means that t is none.
func (t Tree) Items() ([]Tree, bool) {
	items, ok := t.value.([]Tree)
	return items, ok
}

// Entries returns the entries of a mapping in document order; false means that t is none.
func (t Tree) Entries() (keys []string, values []Tree, ok bool) {
	entries, ok := t.value.([]entry)
	for _, e := range entries {
		keys, values = append(keys, e.key), append(values, e.value)
	}
	return keys, values, ok
}
