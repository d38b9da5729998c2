package eval

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// mistake is an error of the type checker on its way to be told.
type mistake struct {
	*Problem
	env  *Env
	tree ast.Node
	at   int // where the checker complains
}

// rewording tells an error of the type checker in the words of authors.
type rewording struct {
	pattern *regexp.Regexp
	tell    func(m *mistake, found []string)
}

var unknownName = regexp.MustCompile(`^unknown name (.+)$`)

// rewordings are tried in this order.
var rewordings = []rewording{
	{unknownName, (*mistake).unknownName},
	{regexp.MustCompile(`^unknown field (.+)$`), (*mistake).unknownField},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`), (*mistake).mismatched},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (.+)\)$`), (*mistake).mismatchedOne},
	{regexp.MustCompile(`^type (.+) has no (?:field|method) (.+)$`), (*mistake).noField},
	{regexp.MustCompile(`^type (.+)\[.*\] is undefined$`), (*mistake).noItems},
	{regexp.MustCompile(`^cannot slice (.+)$`), (*mistake).noItems},
	{regexp.MustCompile(`^(?:array elements can only be selected using an integer|non-integer slice index) \(?(?:got )?([^)]+)\)?$`), (*mistake).noIndex},
	{regexp.MustCompile(`^builtin (\S+) takes only array \(got (.+)\)$`), (*mistake).onlyList},
	{regexp.MustCompile(`^cannot (?:get first element from|get last element from|take from|get keys from|get values from|transform|reverse|uniq|concat|flatten) (\S+)`), (*mistake).notTakenHere},
	{regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\S+) ?$`), (*mistake).badArgument},
	{regexp.MustCompile(`^invalid argument for (\S+) \(type (.+)\)$`), func(m *mistake, found []string) { m.say("%s can't take %s", found[1], speak(found[2])) }},
	{regexp.MustCompile(`^(?:not enough|too many) arguments to call (\S+)$`), (*mistake).argumentCount},
	{regexp.MustCompile(`^invalid number of arguments \(expected (?:at least )?(\d+)`), (*mistake).argumentCount},
	{regexp.MustCompile(`^predicate should return boolean \(got (.+)\)$`), (*mistake).predicate},
	{regexp.MustCompile(`^non-bool expression \(type (.+)\) used as condition$`), func(m *mistake, found []string) {
		m.about("operand-types", "the condition before ? must be true or false, and this is %s", speak(found[1]))
		if c, ok := find(m.tree, func(n ast.Node) bool { return isChoice(n, m.at) }).(*ast.ConditionalNode); ok {
			m.From, m.To = span(c.Cond)
		}
	}},
	{regexp.MustCompile(`^(.+) is not callable$`), func(m *mistake, found []string) {
		m.say("this is %s, and only functions can be called", speak(found[1]))
	}},
	{regexp.MustCompile(`^cannot use (.+) as type (.+) in array$`), func(m *mistake, found []string) {
		m.about("operand-types", "in can't look for %s in a list of which each item is %s", speak(found[1]), speak(found[2]))
	}},
	{regexp.MustCompile(`^cannot use (.+) as type string in map key$`), func(m *mistake, found []string) {
		m.about("operand-types", "in looks for a key of an object, which is text, and this is %s", speak(found[1]))
	}},
	{regexp.MustCompile(`^cannot redeclare (?:\S+ )?(\S+)$`), func(m *mistake, found []string) {
		m.about("expression-syntax", "%q has a meaning already; choose another name", found[1])
	}},
	{regexp.MustCompile(`^error parsing regexp: (.+)$`), func(m *mistake, found []string) {
		m.about("expression-syntax", "not a regular expression: %s", found[1])
	}},
}

// explainCompile rewords an error of the type checker and proposes what was meant.
func (e *Env) explainCompile(source string, tree ast.Node, err error) *Problem {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Problem{To: len([]rune(source)), Check: "expression-syntax", Message: err.Error()}
	}
	m := &mistake{env: e, tree: tree, at: f.From, Problem: &Problem{From: f.From, To: f.To, Check: "argument-types", Message: f.Message}}
	for _, r := range rewordings {
		if found := r.pattern.FindStringSubmatch(f.Message); found != nil {
			r.tell(m, found)
			break
		}
	}
	m.To = max(m.To, m.From+1)
	return m.Problem
}

func (m *mistake) say(format string, args ...any) { m.Message = fmt.Sprintf(format, args...) }

func (m *mistake) about(check, format string, args ...any) {
	m.Check = check
	m.say(format, args...)
}

func (m *mistake) unknownName(found []string) {
	m.about("unknown-name", "%s", m.env.unknownName(m.tree, m.at, found[1]))
}

func (m *mistake) unknownField(found []string) {
	m.about(unknownCheck(m.tree, m.at, found[1]), "%s", m.env.unknownField(m.tree, m.at, found[1]))
}

func (m *mistake) mismatched(found []string) {
	operator, left, right := found[1], found[2], found[3]
	switch {
	case slices.Contains([]string{"and", "or", "&&", "||"}, operator):
		wrong := left
		if left == "bool" {
			wrong = right
		}
		m.about("operand-types", "%s joins conditions, and one side is %s; compare it with something", operator, speak(wrong))
	case slices.Contains([]string{"contains", "startsWith", "endsWith", "matches"}, operator):
		m.about("operand-types", "%s needs text on both sides, and these are %s and %s%s", operator, speak(left), speak(right), cureText(operator, left))
	case operator == "in" && right == "string":
		m.about("operand-types", "in looks for an item of a list or a key of an object; write … contains … to look into text")
	case operator == "in":
		m.about("operand-types", "in looks for an item of a list or a key of an object, and this is %s", speak(right))
	default:
		hint := m.unquoted(left, right)
		if hint == "" {
			hint = cure(left, right)
		}
		m.about("operand-types", "%s can't join %s and %s%s", operator, speak(left), speak(right), hint)
	}
}

// cureText says how something that is no text is looked into.
func cureText(operator, left string) string {
	switch {
	case operator == "contains" && strings.HasPrefix(left, "[]"):
		return "; write … in … to look for an item"
	case operator == "contains" && strings.HasPrefix(left, "map["):
		return "; write … in … to look for a key"
	}
	return "; string(…) makes text"
}

func (m *mistake) mismatchedOne(found []string) {
	needs := "a number"
	if found[1] == "not" || found[1] == "!" {
		needs = "true or false"
	}
	m.about("operand-types", "%s needs %s, and this is %s", found[1], needs, speak(found[2]))
}

func (m *mistake) noField(found []string) {
	m.about("unknown-field", "%s has no field %q", speak(found[1]), found[2])
	if of := member(m.tree, m.at, found[2]); of != nil {
		at := of.Property.Location()
		m.From, m.To = at.From, at.To
		m.say("%s is %s, which has no field %q", written(of.Node), speak(found[1]), found[2])
		if lengths[strings.ToLower(found[2])] && (found[1] == "string" || strings.HasPrefix(found[1], "[]")) {
			m.Message += fmt.Sprintf("; write len(%s)", written(of.Node))
		}
	}
}

// lengths are the names by which other languages ask for a length.
var lengths = map[string]bool{"length": true, "len": true, "size": true, "count": true}

func (m *mistake) noItems(found []string) {
	m.about("operand-types", "[ ] chooses from a list, and this is %s", speak(found[1]))
}

func (m *mistake) noIndex(found []string) {
	m.about("operand-types", "an item of a list is chosen by its position, not by %s; write [0], or any(…, .name == \"x\")", speak(found[1]))
	name, ok := propertyAt(m.tree, m.at)
	if !ok {
		return
	}
	list := written(name.Node)
	if lengths[strings.ToLower(word(name))] {
		m.about("unknown-field", "%s is a list, which has no field %q; write len(%s)", list, word(name), list)
		return
	}
	m.about("unknown-field", "%s is a list, which has no field %q; choose an item, as in %s[0].%s, or write any(%s, .%s == …)",
		list, word(name), list, word(name), list, word(name))
}

func (m *mistake) onlyList(found []string) {
	m.say("%s needs a list, and this is %s", found[1], speak(found[2]))
}

// notTakenHere tells of a builtin that the checker does not name.
func (m *mistake) notTakenHere(found []string) {
	if call := builtinAt(m.tree, m.at); call != nil {
		m.say("%s can't take %s", call.Name, speak(found[1]))
	}
}

func (m *mistake) badArgument(found []string) {
	m.say("%s needs %s here, and this is %s", found[3], m.env.takes(found[3], speak(found[2])), speak(found[1]))
	if found[1] == "int" && found[3] == "duration" {
		m.Message += `; write duration("30s")`
	}
}

func isChoice(n ast.Node, at int) bool {
	c, ok := n.(*ast.ConditionalNode)
	return ok && c.Cond.Location().From == at
}

func (m *mistake) predicate(found []string) {
	m.about("operand-types", "this asks something of each item, so it must be true or false, and it is %s; compare it with something", speak(found[1]))
	if p := predicateAt(m.tree, m.at); p != nil {
		m.From, m.To = span(p)
	}
}

// takes lists what a function of one argument takes in its different forms, or says what the last form takes.
func (e *Env) takes(function, last string) string {
	var all []string
	for _, form := range e.forms(function) {
		if form.NumIn() != 1 {
			return last
		}
		if what := speak(form.In(0).String()); !slices.Contains(all, what) {
			all = append(all, what)
		}
	}
	if len(all) < 2 {
		return last
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func cure(left, right string) string {
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(left, kind) || strings.HasPrefix(right, kind) })
	}
	switch {
	case has("time.Duration") && has("string", "int", "float"):
		return `; write duration("30s")`
	case has("time.Time") && has("string"):
		return `; write date(…) for the text`
	case has("time.Time") && has("int", "float"):
		return `; write duration("30s") for a length of time`
	case has("[]") && has("int", "float"):
		return "; write len(…) for the number of its items"
	case has("[]") && has("string"):
		return "; write … in … to look for an item"
	case has("string") && has("bool"):
		return `; write true or false without quotes, or "true" in quotes on both sides`
	case has("string") && has("int", "float") && !has("[]", "map["):
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
	case goType == "interface {}" || goType == "unknown":
		return "anything"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["):
		return "an object"
	case strings.HasPrefix(goType, "func"):
		return "a function"
	}
	return goType
}
