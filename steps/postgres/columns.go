package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Columns are the types of columns that an author declares, by name. An empty type stands for one that is not declared.
type Columns map[string]ColumnType

// ColumnType is one of the names of ColumnTypes, or such a name followed by [] for a list.
type ColumnType string

// The types that columns can have.
const (
	Text     ColumnType = "text"
	Integer  ColumnType = "integer"
	Number   ColumnType = "number"
	Boolean  ColumnType = "boolean"
	Time     ColumnType = "time"
	Duration ColumnType = "duration"
	Anything ColumnType = "any"
)

// ColumnTypes lists the names of the types.
func ColumnTypes() []string {
	return []string{string(Text), string(Integer), string(Number), string(Boolean), string(Time), string(Duration), string(Anything)}
}

// column is a column of an answer.
type column struct {
	name string
	kind kind
}

// translated returns what to write instead of the name of one of PostgreSQL's own types, "" when there is no such type.
func translated(name string) string {
	name, list := strings.CutSuffix(strings.ToLower(name), "[]")
	word := map[string]ColumnType{
		"varchar": Text, "uuid": Text, "string": Text, "char": Text, "bigint": Integer, "int": Integer, "smallint": Integer, "int4": Integer, "int8": Integer,
		"serial": Integer, "numeric": Number, "decimal": Number, "float": Number, "real": Number, "double precision": Number, "float8": Number,
		"bool": Boolean, "timestamp": Time, "timestamptz": Time, "date": Time, "interval": Duration, "json": Anything, "jsonb": Anything,
	}[name]
	if word != "" && list {
		word += "[]"
	}
	return string(word)
}

// element returns the type of the items of a list.
func (t ColumnType) element() (ColumnType, bool) {
	name, list := strings.CutSuffix(string(t), "[]")
	return ColumnType(name), list
}

// Check reports types that there are not, of columns at a dotted path of the config.
func (c Columns) Check(path string, p *step.Problems) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		given := c[name]
		of, _ := given.element()
		if given == "" || slices.Contains(ColumnTypes(), string(of)) {
			continue
		}
		if word := translated(string(given)); word != "" {
			p.At(path+"."+name, "no type of columns is called %q; write %s", given, word)
			continue
		}
		p.At(path+"."+name, "no type of columns is called %q%s", given, diag.DidYouMean(string(of), ColumnTypes()))
	}
}

// Type returns what expressions know of a row. Without declared columns that is nothing.
func (c Columns) Type() eval.Type {
	if len(c) == 0 {
		return eval.AnyType
	}
	out := eval.Type{Kind: eval.Object}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		out.Fields = append(out.Fields, eval.Field{Name: name, Type: c[name].typ()})
	}
	return out
}

func (t ColumnType) typ() eval.Type {
	if of, list := t.element(); list {
		return eval.ListOf(of.typ())
	}
	return eval.Type{Kind: map[ColumnType]eval.Kind{
		Text: eval.String, Integer: eval.Int, Number: eval.Float, Boolean: eval.Bool, Time: eval.Time, Duration: eval.Duration,
	}[t]}
}

// fit compares what is declared with what a statement gives.
func (c Columns) fit(fields []column) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		if slices.Contains(names[:i], f.name) {
			return fmt.Errorf("two columns of the query are called %q; give one another name with as", f.name)
		}
		names[i] = f.name
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		at := slices.Index(names, name)
		if at < 0 {
			return fmt.Errorf("the query gives no column %q; it gives %s%s", name, listed(names), suggestion(name, names))
		}
		if k := fields[at].kind; !c[name].takes(k) {
			return fmt.Errorf("column %q is of type %s, and columns declares %s; declare %s, or convert it in the query", name, k.name, c[name], natural(k))
		}
	}
	return nil
}

func suggestion(name string, names []string) string {
	if near := diag.Suggest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func listed(names []string) string {
	if len(names) == 0 {
		return "no columns"
	}
	return strings.Join(names, ", ")
}

// natural returns the type to declare for a kind.
func natural(k kind) ColumnType {
	if k.element != nil {
		return natural(*k.element) + "[]"
	}
	return map[form]ColumnType{
		textual: Text, boolean: Boolean, integer: Integer, double: Number, single: Number, decimal: Number, document: Anything,
		moment: Time, wall: Time, interval: Duration,
	}[k.form]
}

// takes reports whether a column of a kind can be declared so. A numeric may be text, for every digit, or an integer, which
// sums are.
func (t ColumnType) takes(k kind) bool {
	if t == "" || t == Anything {
		return true
	}
	if of, list := t.element(); list || k.element != nil {
		return list && k.element != nil && of.takes(*k.element)
	}
	switch {
	case natural(k) == t:
		return true
	case k.form == decimal:
		return t == Text || t == Integer
	}
	return t == Number && k.form == integer
}

// decode reads a value as it is declared.
func (t ColumnType) decode(k kind, text string) (any, error) {
	if of, list := t.element(); list && k.element != nil {
		inner := *k.element
		inner.declared = of
		k.element = &inner
		return k.decode(text)
	}
	k.declared = t
	return k.decode(text)
}
