package lsp

import (
	"reflect"
	"strings"
)

type signatureHelp struct {
	Signatures      []signature `json:"signatures"`
	ActiveSignature int         `json:"activeSignature"`
	ActiveParameter int         `json:"activeParameter"`
}

type signature struct {
	Label         string      `json:"label"`
	Documentation *markup     `json:"documentation,omitempty"`
	Parameters    []parameter `json:"parameters"`
}

// parameter is a part of the label of its signature, in UTF-16 units.
type parameter struct {
	Label [2]int `json:"label"`
}

// signatureHelp shows what the function takes whose brackets hold the cursor.
func (s *Server) signatureHelp(d *document, offset int) *signatureHelp {
	p := placeAt(d.text, offset)
	if !p.found {
		return nil
	}
	source, from, ok := s.expressionAt(d, p, offset)
	if !ok || offset-from > maxExpression {
		return nil
	}
	name, argument := callAround(source[:offset-from])
	if name == "" {
		return nil
	}
	for _, f := range functionsOf(s.envAt(d, p, offset)) {
		if f.name == name {
			return f.help(argument)
		}
	}
	return nil
}

// callAround finds the innermost call that the end of s stands in, and how many arguments stand before it.
func callAround(s string) (name string, argument int) {
	quoted := withoutQuotes(s)
	open := 0
	for i := len(quoted) - 1; i >= 0; i-- {
		switch quoted[i] {
		case ')', ']', '}':
			open++
		case '(', '[', '{':
			if open > 0 {
				open--
				continue
			}
			name = wordBefore(quoted[:i])
			if quoted[i] == '(' && name != "" {
				return name, argument
			}
			argument = 0 // the commas were those of a list, a mapping or brackets
		case ',':
			if open == 0 {
				argument++
			}
		}
	}
	return "", 0
}

// help lists the forms of a function. The active one is the first that has as many arguments as are there.
func (f function) help(argument int) *signatureHelp {
	out := &signatureHelp{ActiveSignature: -1}
	for _, label := range f.forms() {
		parameters := parametersOf(label)
		if out.ActiveSignature < 0 && (argument < len(parameters) || strings.HasSuffix(label, "…)")) {
			out.ActiveSignature = len(out.Signatures)
			out.ActiveParameter = min(argument, max(len(parameters)-1, 0))
		}
		out.Signatures = append(out.Signatures, signature{Label: label, Documentation: markdown(f.doc), Parameters: parameters})
	}
	if out.ActiveSignature < 0 { // there are too many arguments for any
		out.ActiveSignature, out.ActiveParameter = 0, argument
	}
	return out
}

// forms are the signatures of a function, each once.
func (f function) forms() []string {
	if f.text != "" || len(f.types) == 0 {
		return []string{f.signature()}
	}
	var out []string
	for _, t := range f.types {
		form := function{name: f.name, types: []reflect.Type{t}}
		if text := form.signature(); len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	return out
}

// parametersOf finds the arguments in a signature.
func parametersOf(label string) []parameter {
	out := []parameter{}
	open, end := strings.IndexByte(label, '('), strings.LastIndexByte(label, ')')
	if open < 0 || end <= open+1 {
		return out
	}
	at := open + 1
	for _, text := range strings.Split(label[open+1:end], ", ") {
		from := units(label[:at])
		out = append(out, parameter{Label: [2]int{from, from + units(text)}})
		at += len(text) + len(", ")
	}
	return out
}

// units counts the UTF-16 units of a text.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += width(r)
	}
	return n
}
