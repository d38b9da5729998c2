package lsp

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// function is something that expressions can call.
type function struct {
	name, doc string
	types     []reflect.Type
	text      string // the signature, when types do not tell it
}

// functionsOf lists our own functions first, then those of expr-lang, each by name.
func functionsOf(env *eval.Env) []function {
	var out []function
	for _, f := range env.Functions() {
		own := function{name: f.Name, doc: f.Doc}
		for _, t := range f.Types {
			own.types = append(own.types, reflect.TypeOf(t).Elem())
		}
		out = append(out, own)
	}
	slices.SortStableFunc(out, func(a, b function) int { return cmp.Compare(a.name, b.name) })
	var rest []function
	for _, b := range builtin.Builtins {
		if slices.ContainsFunc(out, func(f function) bool { return f.name == b.Name }) {
			continue
		}
		text, doc, _ := strings.Cut(described[b.Name], ": ")
		rest = append(rest, function{name: b.Name, doc: doc, text: text, types: b.Types})
	}
	slices.SortStableFunc(rest, func(a, b function) int { return cmp.Compare(a.name, b.name) })
	return append(out, rest...)
}

// described says what the functions of expr-lang do that test authors need most.
var described = map[string]string{
	"all":       `all(list, condition): True when every item satisfies the condition. In it, .name is a field of the item and # the item itself.`,
	"any":       `any(list, condition): True when at least one item satisfies the condition.`,
	"none":      `none(list, condition): True when no item satisfies the condition.`,
	"one":       `one(list, condition): True when exactly one item satisfies the condition.`,
	"filter":    `filter(list, condition): The items that satisfy the condition.`,
	"map":       `map(list, value): A list of one value for each item, as in map(pods, .metadata.name).`,
	"count":     `count(list, condition): How many items satisfy the condition.`,
	"find":      `find(list, condition): The first item that satisfies the condition, or nil.`,
	"findIndex": `findIndex(list, condition): The position of the first item that satisfies the condition, or -1.`,
	"findLast":  `findLast(list, condition): The last item that satisfies the condition, or nil.`,
	"groupBy":   `groupBy(list, key): A map from each key to the items that have it.`,
	"sortBy":    `sortBy(list, value): The items in the order of a value.`,
	"sum":       `sum(list, value): The sum of a value over the items.`,
	"len":       `len(value): How many items a list has, how many fields an object, how many characters a text.`,
	"first":     `first(list): The first item, or nil.`,
	"last":      `last(list): The last item, or nil.`,
	"keys":      `keys(object): The names of the fields.`,
	"values":    `values(object): The values of the fields.`,
	"int":       `int(value): A text or a number as a whole number.`,
	"float":     `float(value): A text or a number as a number.`,
	"string":    `string(value): Any value as text.`,
	"lower":     `lower(text): The text in lower case.`,
	"upper":     `upper(text): The text in upper case.`,
	"trim":      `trim(text): The text without blanks around it.`,
	"split":     `split(text, separator): The parts of a text.`,
	"join":      `join(list, separator): The texts of a list as one.`,
	"replace":   `replace(text, old, new): The text with every old replaced.`,
	"now":       `now(): The present time.`,
	"date":      `date(text): The time that a text says.`,
	"toJSON":    `toJSON(value): The value as JSON.`,
	"fromJSON":  `fromJSON(text): The value that a JSON text says.`,
	"min":       `min(list): The smallest item.`,
	"max":       `max(list): The largest item.`,
	"abs":       `abs(number): The number without its sign.`,
	"get":       `get(object, name): A field, or nil when there is none.`,
}

// signature returns name(arguments) result.
func (f function) signature() string {
	if f.text != "" {
		return f.text
	}
	if len(f.types) == 0 || f.types[0].Kind() != reflect.Func {
		return f.name + "(…)"
	}
	t := f.types[0]
	var in []string
	for i := range t.NumIn() {
		name := goTypeText(t.In(i))
		if t.IsVariadic() && i == t.NumIn()-1 {
			name = "…"
		}
		in = append(in, name)
	}
	text := f.name + "(" + strings.Join(in, ", ") + ")"
	if t.NumOut() > 0 {
		text += " " + goTypeText(t.Out(0))
	}
	return text
}

// result returns the type of the result, as far as the Go type tells.
func (f function) result() eval.Type {
	if len(f.types) == 0 || f.types[0].Kind() != reflect.Func || f.types[0].NumOut() == 0 {
		return eval.AnyType
	}
	return eval.Type{Kind: kindOfGo(f.types[0].Out(0))}
}

func kindOfGo(t reflect.Type) eval.Kind {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return eval.Duration
	case t == reflect.TypeFor[time.Time]():
		return eval.Time
	}
	switch t.Kind() {
	case reflect.Bool:
		return eval.Bool
	case reflect.Int, reflect.Int64:
		return eval.Int
	case reflect.Float64:
		return eval.Float
	case reflect.String:
		return eval.String
	case reflect.Slice:
		return eval.List
	case reflect.Map:
		return eval.Map
	}
	return eval.Any
}

func goTypeText(t reflect.Type) string {
	if t.Kind() == reflect.Func {
		return "condition"
	}
	return bareKind(kindOfGo(t))
}

// bareKind names a kind without its article, as signatures want it.
func bareKind(k eval.Kind) string {
	switch k {
	case eval.Any:
		return "any"
	case eval.Bool:
		return "bool"
	}
	text := k.String()
	for _, article := range []string{"a ", "an "} {
		text = strings.TrimPrefix(text, article)
	}
	return text
}

// typeText names a type in a few words.
func typeText(t eval.Type) string {
	switch {
	case t.Kind == eval.List && t.Elem != nil && t.Elem.Kind != eval.Any:
		return "list of " + bareKind(t.Elem.Kind)
	case t.Kind == eval.Map && t.Elem != nil && t.Elem.Kind != eval.Any:
		return "map to " + bareKind(t.Elem.Kind)
	}
	return bareKind(t.Kind)
}
