package mock

import (
	"fmt"
	"slices"
	"strings"
)

// path is the path of a route, part by part.
type path []part

type part struct {
	text string // what must stand there, or the name of what may
	name bool
	rest bool // all parts that are left, also none
}

// parsePath reads /orders/{id} and /files/{name...}.
func parsePath(text string) (path, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, fmt.Errorf("a path starts with /; found %q", text)
	}
	if before, _, found := strings.Cut(text, "?"); found {
		return nil, fmt.Errorf("a path ends before the ?; write %q, and the parameters as a condition in when", before)
	}
	var out path
	var names []string
	parts := strings.Split(text[1:], "/")
	for i, text := range parts {
		inner, open := strings.CutPrefix(text, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		if !open && !closed {
			out = append(out, part{text: text})
			continue
		}
		name, rest := strings.CutSuffix(inner, "...")
		switch {
		case open != closed || name == "" || strings.ContainsAny(name, "{}"):
			return nil, fmt.Errorf("a place in a path is a whole part, such as {id}; found %q", text)
		case rest && i < len(parts)-1:
			return nil, fmt.Errorf("{%s...} takes the rest of the path, so nothing can follow it", name)
		case slices.Contains(names, name):
			return nil, fmt.Errorf("two places in the path are called %q", name)
		}
		names = append(names, name)
		out = append(out, part{text: name, name: true, rest: rest})
	}
	return out, nil
}

// match returns what stands in the places of the path.
func (p path) match(text string) (params map[string]any, ok bool) {
	parts := strings.Split(strings.TrimPrefix(text, "/"), "/")
	params = map[string]any{}
	for i, want := range p {
		switch {
		case want.rest:
			params[want.text] = strings.Join(parts[min(i, len(parts)):], "/")
			return params, true
		case i >= len(parts):
			return nil, false
		case want.name:
			if parts[i] == "" {
				return nil, false
			}
			params[want.text] = parts[i]
		case want.text != parts[i]:
			return nil, false
		}
	}
	return params, len(parts) == len(p)
}
