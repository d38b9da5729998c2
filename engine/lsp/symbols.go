package lsp

import (
	"encoding/json"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// symbols lists the vars, the steps and what stands in finally.
func (s *Server) symbols(params json.RawMessage) (any, error) {
	var p documentParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	d := s.documents[p.TextDocument.URI]
	out := []documentSymbol{}
	if d == nil || !d.ours() {
		return out, nil
	}
	i := s.inspect(d)
	if i.File.Root == nil {
		return out, nil
	}
	for _, pair := range source.Pairs(i.File.Root) {
		symbol := documentSymbol{
			Name: pair.Key.Value, Kind: symbolKey,
			Range: d.whole(i.File, pair.Key, pair.Value), Selection: d.spanOf(i.File.Range(pair.Key)),
		}
		switch pair.Key.Value {
		case "vars", "secrets":
			for _, v := range source.Pairs(pair.Value) {
				symbol.Children = append(symbol.Children, documentSymbol{
					Name: v.Key.Value, Kind: symbolVariable,
					Range: d.whole(i.File, v.Key, v.Value), Selection: d.spanOf(i.File.Range(v.Key)),
				})
			}
		case "steps", "finally":
			symbol.Children = d.stepSymbols(i, -1, source.Follow(pair.Value))
		case "safety":
			abort, _ := source.Lookup(pair.Value, "abort")
			if abort == nil {
				continue
			}
			symbol.Children = d.stepSymbols(i, -1, source.Follow(abort))
		default:
			continue
		}
		out = append(out, symbol)
	}
	return out, nil
}

// stepSymbols lists the steps inside a container, or those of a list at the top.
func (d *document) stepSymbols(i *scenario.Inspection, parent int, list *yaml.Node) []documentSymbol {
	var out []documentSymbol
	for k, o := range i.Steps {
		if o.Parent != parent || list != nil && !holds(list, o.Node) {
			continue
		}
		symbol := documentSymbol{Name: o.ID, Detail: o.Kind, Kind: symbolFunction, Children: d.stepSymbols(i, k, nil)}
		if name, _ := source.Lookup(o.Node, "name"); symbol.Name == "" && name != nil {
			symbol.Name = name.Value
		}
		if symbol.Name == "" {
			symbol.Name = o.Kind
		}
		if symbol.Name == "" {
			symbol.Name = "step"
		}
		symbol.Range = d.whole(i.File, o.Node, o.Node)
		symbol.Selection = span{Start: symbol.Range.Start, End: symbol.Range.Start}
		if _, key := source.Lookup(o.Node, o.Kind); key != nil {
			if r := d.spanOf(i.File.Range(key)); within(r, symbol.Range) {
				symbol.Selection = r
			}
		}
		out = append(out, symbol)
	}
	return out
}

func holds(list, item *yaml.Node) bool {
	for _, n := range list.Content {
		if source.Follow(n) == item {
			return true
		}
	}
	return false
}

// whole returns the stretch from the beginning of one node to the end of what another one holds.
func (d *document) whole(f *source.File, first, last *yaml.Node) span {
	from, to := d.bounds(f.Range(first))
	_, end := d.bounds(diag.Range{Start: f.Range(last).Start, End: endOf(f, last)})
	return d.span(from, max(to, end))
}

// endOf returns where the last part of a node ends.
func endOf(f *source.File, n *yaml.Node) diag.Position {
	if n.Kind != yaml.AliasNode && len(n.Content) > 0 {
		return endOf(f, n.Content[len(n.Content)-1])
	}
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return f.Within(n, 0, len([]rune(n.Value))).End
	}
	return f.Range(n).End
}

func within(inner, outer span) bool {
	return !before(inner.Start, outer.Start) && !before(outer.End, inner.End)
}

func before(a, b position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}
