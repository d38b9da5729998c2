package eval

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

var (
	unknownName  = regexp.MustCompile(`^unknown name (.+)$`)
	unknownField = regexp.MustCompile(`^unknown field (.+)$`)
	noField      = regexp.MustCompile(`^type (.+) has no (?:field|method) (.+)$`)
	noIndex      = regexp.MustCompile(`^array elements can only be selected using an integer \(got (.+)\)$`)
	onlyList     = regexp.MustCompile(`^builtin (\S+) takes only array \(got (.+)\)$`)
	badArgument  = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\S+) ?$`)
	notIn        = regexp.MustCompile(`^cannot use (.+) as type (.+) in array$`)
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
	} else if m := noField.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s has no field %q", speak(m[1]), m[2])
		if found := member(tree, f.From, m[2]); found != nil {
			at := found.Property.Location()
			p.From, p.To = at.From, at.To
			p.Message = fmt.Sprintf("%s is %s, which has no field %q", written(found.Node), speak(m[1]), m[2])
		}
	} else if m := noIndex.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("an item of a list is chosen by its position, not by %s; write [0], or any(…, .name == \"x\")", speak(m[1]))
		if name, ok := propertyAt(tree, f.From); ok {
			p.Message = fmt.Sprintf("%s is a list, which has no field %q; choose an item, as in %s[0].%s, or write any(%s, .%s == …)",
				written(name.Node), word(name), written(name.Node), word(name), written(name.Node), word(name))
		}
	} else if m := onlyList.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s needs a list, and this is %s", m[1], speak(m[2]))
	} else if m := badArgument.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("%s needs %s here, and this is %s", m[3], speak(m[2]), speak(m[1]))
	} else if m := notIn.FindStringSubmatch(f.Message); m != nil {
		p.Message = fmt.Sprintf("in can't look for %s in a list of which each item is %s", speak(m[1]), speak(m[2]))
	}
	p.To = max(p.To, p.From+1)
	return p
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

func (e *Env) unknownName(name string) string {
	names := e.names.Names()
	if s := diag.Suggest(name, append(names, e.functionNames()...)); s != "" {
		return fmt.Sprintf("unknown name %q; did you mean %q?", name, s)
	}
	return fmt.Sprintf("unknown name %q; known here: %s", name, strings.Join(names, ", "))
}

// mostProposed is how many fields are named when none is near to the one that was asked for.
const mostProposed = 12

// unknownField finds the object whose field was asked for and says what it has.
func (e *Env) unknownField(tree ast.Node, at int, name string) string {
	found := member(tree, at, name)
	if found == nil {
		return fmt.Sprintf("unknown field %q", name)
	}
	path, _ := chain(found.Node)
	what := fmt.Sprintf("unknown field %q of %s", name, written(found.Node))
	switch {
	case len(path) == 1 && path[0] == "steps":
		what = fmt.Sprintf("no step has the id %q", name)
	case len(path) == 2 && path[0] == "steps":
		what = fmt.Sprintf("unknown output %q of step %q", name, path[1])
	case len(path) == 1 && path[0] == "vars":
		what = fmt.Sprintf("no var is called %q", name)
	}
	has := e.natures.has(found.Node.Nature())
	if has == nil {
		has = e.fieldsAt(path)
	}
	if len(has) == 0 {
		return what
	}
	if s := diag.Suggest(name, has); s != "" {
		what += fmt.Sprintf("; did you mean %q?", s)
		if len(has) > 1 && len(has) <= 8 {
			what += " it has " + strings.Join(has, ", ")
		}
		return what
	}
	what += "; it has " + strings.Join(has[:min(len(has), mostProposed)], ", ")
	if more := len(has) - mostProposed; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return what
}

// fieldsAt returns the names of the fields of what a path of plain members leads to.
func (e *Env) fieldsAt(path []string) []string {
	if len(path) == 0 {
		return nil
	}
	t := e.names
	for _, p := range path {
		f, ok := t.Field(p)
		if !ok {
			return nil
		}
		t = f.Type
	}
	return t.Names()
}

// member finds the access to a field of that name about which the checker complained at a place.
func member(tree ast.Node, at int, name string) *ast.MemberNode {
	finder := &memberAt{at: at, name: name}
	ast.Walk(&tree, finder)
	return finder.found
}

// propertyAt finds the access by name whose property stands at a place.
func propertyAt(tree ast.Node, at int) (*ast.MemberNode, bool) {
	finder := &memberAt{at: at}
	ast.Walk(&tree, finder)
	return finder.found, finder.found != nil
}

type memberAt struct {
	at    int
	name  string // "" for any, if it stands exactly there
	found *ast.MemberNode
}

// Visit keeps the access whose property stands where the checker complained.
func (m *memberAt) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	p, ok := n.Property.(*ast.StringNode)
	if !ok {
		return
	}
	exact := p.Location().From == m.at || n.Location().From == m.at
	if exact && (m.name == "" || p.Value == m.name) || m.found == nil && p.Value == m.name {
		m.found = n
	}
}

// word is the name that a member has, when it is plain.
func word(n *ast.MemberNode) string {
	name, _ := n.Property.(*ast.StringNode)
	return name.Value
}

// written writes a node as the author did.
func written(n ast.Node) string { return (&strictAccess{}).text(n) }
