package eval

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

var (
	unknownName  = regexp.MustCompile(`^unknown name (.+)$`)
	unknownField = regexp.MustCompile(`^unknown field (.+)$`)
	mismatched   = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`)
)

func syntaxProblem(source string, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Message: err.Error()}
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
	return &Problem{From: from, To: to, Message: message}
}

// explainCompile rewords an error of the type checker and proposes what was meant.
func (e *Env) explainCompile(source string, tree ast.Node, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Message: err.Error()}
	}
	p := &Problem{From: f.From, To: max(f.To, f.From+1), Message: f.Message}
	if m := unknownName.FindStringSubmatch(f.Message); m != nil {
		p.Message = e.unknownName(m[1])
	} else if m := unknownField.FindStringSubmatch(f.Message); m != nil {
		p.Message = e.unknownField(tree, f.From, m[1])
	} else if m := mismatched.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s can't join %s and %s", m[1], speak(m[2]), speak(m[3]))
		p.Message += cure(m[2], m[3])
	}
	p.To = max(p.To, p.From+1)
	return p
}

func cure(left, right string) string {
	pair := left + " " + right
	switch {
	case strings.Contains(pair, "time.Duration") && strings.Contains(pair, "string"):
		return `; write duration("30s")`
	case strings.Contains(pair, "string") && (strings.Contains(pair, "int") || strings.Contains(pair, "float")):
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

func (e *Env) unknownName(name string) string {
	names := e.names.Names()
	if s := diag.Suggest(name, append(names, e.functionNames()...)); s != "" {
		return fmt.Sprintf("unknown name %q; did you mean %q?", name, s)
	}
	return fmt.Sprintf("unknown name %q; known here: %s", name, strings.Join(names, ", "))
}

// unknownField finds the object whose field was asked for and says what it has.
func (e *Env) unknownField(tree ast.Node, at int, name string) string {
	finder := &memberAt{at: at, name: name}
	ast.Walk(&tree, finder)
	var path []string
	if finder.found != nil {
		path, _ = chain(finder.found.Node)
	}
	what := fmt.Sprintf("unknown field %q", name)
	switch {
	case len(path) == 1 && path[0] == "steps":
		what = fmt.Sprintf("no step has the id %q", name)
	case len(path) == 2 && path[0] == "steps":
		what = fmt.Sprintf("unknown output %q of step %q", name, path[1])
	case len(path) == 1 && path[0] == "vars":
		what = fmt.Sprintf("no var is called %q", name)
	case len(path) > 0:
		what = fmt.Sprintf("unknown field %q of %s", name, strings.Join(path, "."))
	}
	t := e.names
	for _, p := range path {
		f, ok := t.Field(p)
		if !ok {
			return what
		}
		t = f.Type
	}
	has := t.Names()
	if len(path) == 0 || len(has) == 0 {
		return what
	}
	if s := diag.Suggest(name, has); s != "" {
		what += fmt.Sprintf("; did you mean %q?", s)
		if len(has) > 1 && len(has) <= 8 {
			what += " it has " + strings.Join(has, ", ")
		}
		return what
	}
	return what + "; it has " + strings.Join(has, ", ")
}

type memberAt struct {
	at    int
	name  string
	found *ast.MemberNode
}

// Visit keeps the access whose property stands where the checker complained.
func (m *memberAt) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	if p, ok := n.Property.(*ast.StringNode); ok && p.Value == m.name && (m.found == nil || p.Location().From == m.at) {
		m.found = n
	}
}
