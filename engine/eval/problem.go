package eval

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

var (
	unknownName  = regexp.MustCompile(`^unknown name (.+)$`)
	unknownField = regexp.MustCompile(`^unknown field (.+)$`)
	noField      = regexp.MustCompile(`^type (.+) has no (?:field|method) (.+)$`)
	noIndex      = regexp.MustCompile(`^array elements can only be selected using an integer \(got (.+)\)$`)
	onlyList     = regexp.MustCompile(`^builtin (\S+) takes only array \(got (.+)\)$`)
	badArgument  = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\S+) ?$`)
	notTaken     = regexp.MustCompile(`^invalid argument for (\S+) \(type (.+)\)$`)
	notCallable  = regexp.MustCompile(`^(.+) is not callable$`)
	notIn        = regexp.MustCompile(`^cannot use (.+) as type (.+) in array$`)
	mismatched   = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`)
)

func syntaxProblem(source string, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Check: "expression-syntax", Message: err.Error()}
	}
	length := len([]rune(source))
	from := min(f.From, length)
	to := max(f.To, from+1)
	if from == length && from > 0 {
		from, to = from-1, from
	}
	message := f.Message
	if strings.HasPrefix(message, "unexpected token EOF") {
		message = "the expression ends too early"
	} else if strings.Contains(message, `Operator("=")`) {
		message = `"=" assigns nothing here; write == to compare`
	} else {
		message = strings.ReplaceAll(strings.ToLower(message[:1])+message[1:], "\n", " ")
	}
	return &Problem{From: from, To: to, Check: "expression-syntax", Message: message}
}

// explainCompile rewords an error of the type checker and proposes what was meant.
func (e *Env) explainCompile(source string, tree ast.Node, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Check: "expression-syntax", Message: err.Error()}
	}
	p := &Problem{From: f.From, To: max(f.To, f.From+1), Check: "argument-types", Message: f.Message}
	if m := unknownName.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = "unknown-name", e.unknownName(m[1])
	} else if m := unknownField.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = unknownCheck(tree, f.From, m[1]), e.unknownField(tree, f.From, m[1])
	} else if m := mismatched.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = "operand-types", fmt.Sprintf("%s can't join %s and %s", m[1], speak(m[2]), speak(m[3]))
		p.Message += cure(m[2], m[3])
	} else if m := noField.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = "unknown-field", fmt.Sprintf("%s has no field %q", speak(m[1]), m[2])
		if found := member(tree, f.From, m[2]); found != nil {
			at := found.Property.Location()
			p.From, p.To = at.From, at.To
			p.Message = fmt.Sprintf("%s is %s, which has no field %q", written(found.Node), speak(m[1]), m[2])
		}
	} else if m := noIndex.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = "operand-types", fmt.Sprintf("an item of a list is chosen by its position, not by %s; write [0], or any(…, .name == \"x\")", speak(m[1]))
		if name, ok := propertyAt(tree, f.From); ok {
			p.Check, p.Message = "unknown-field", fmt.Sprintf("%s is a list, which has no field %q; choose an item, as in %s[0].%s, or write any(%s, .%s == …)",
				written(name.Node), word(name), written(name.Node), word(name), written(name.Node), word(name))
		}
	} else if m := onlyList.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s needs a list, and this is %s", m[1], speak(m[2]))
	} else if m := badArgument.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s needs %s here, and this is %s", m[3], e.takes(m[3], speak(m[2])), speak(m[1]))
	} else if m := notTaken.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s can't take %s", m[1], speak(m[2]))
	} else if m := notCallable.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("this is %s, and only functions can be called", speak(m[1]))
	} else if m := notIn.FindStringSubmatch(f.Message); m != nil {
		p.Check, p.Message = "operand-types", fmt.Sprintf("in can't look for %s in a list of which each item is %s", speak(m[1]), speak(m[2]))
	}
	p.To = max(p.To, p.From+1)
	return p
}

// takes lists what a function of one argument takes in its different forms, or says what the last form takes.
func (e *Env) takes(function, last string) string {
	var all []string
	for _, f := range e.functions {
		for _, form := range f.Types {
			t := reflect.TypeOf(form)
			if t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			if f.Name != function {
				continue
			}
			if t.NumIn() != 1 {
				return last
			}
			if what := speak(t.In(0).String()); !slices.Contains(all, what) {
				all = append(all, what)
			}
		}
	}
	if len(all) < 2 {
		return last
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func cure(left, right string) string {
	pair := left + " " + right
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(left, kind) || strings.HasPrefix(right, kind) })
	}
	switch {
	case has("time.Duration") && has("string"):
		return `; write duration("30s")`
	case has("time.Time") && has("string"):
		return `; write date(…) for the text`
	case has("[]") && has("int", "float"):
		return "; write len(…) for the number of its items"
	case has("[]") && has("string"):
		return "; write … in … to look for an item"
	case has("string") && (strings.Contains(pair, "int") || strings.Contains(pair, "float")) && !has("[]", "map["):
		return "; write quantity(…) for amounts such as 256Mi, or int(…)"
	}
	return ""
}

// speak turns the name of a Go type into plain words.
func speak(goType string) string {
	switch {
	case goType == "string":
		return "text"
	case goType == "bool":
		return "true/false"
	case goType == "time.Duration":
		return "a duration"
	case goType == "time.Time":
		return "a time"
	case goType == "interface {}":
		return "anything"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["):
		return "an object"
	case goType == "nil":
		return "nil"
	}
	return goType
}
