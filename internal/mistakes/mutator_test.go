package mistakes

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
)

// key makes mistakes in a key: its name, its indentation, a second one of it.
func (s *sites) key(n, key *yaml.Node, shape *field.Shape, i int) {
	if wrong := misspell(key.Value); shape.Field(wrong) == nil {
		s.replace("key misspelt", key, key.Value, wrong, nil)
	}
	block := n.Style&yaml.FlowStyle == 0
	line := s.lines[key.Line-1]
	own := strings.TrimSpace(line[:min(key.Column-1, len(line))]) == "" // nothing stands before it
	if !block || !own || i == 0 {
		return
	}
	s.insert("line indented deeper", key.Line, " "+line, true)
	if !strings.HasSuffix(strings.TrimSpace(line), ":") {
		s.insert("line given twice", key.Line, line+"\n"+line, false)
	}
}

// insert replaces a whole line. whole says that the mistake stands on it, and not on the one after it.
func (s *sites) insert(kind string, number int, text string, whole bool) {
	lines := []int{number + 1}
	if whole {
		lines = []int{number}
	}
	s.found = append(s.found, site{kind: kind, what: strings.TrimSpace(s.lines[number-1]), lines: lines, edit: func(all []string) []string {
		all = slices.Clone(all)
		all[number-1] = text
		return all
	}})
}

// remove takes an entry of a block mapping away that has lines of its own.
func (s *sites) remove(n *yaml.Node, i int, kind string) {
	key := n.Content[2*i]
	before := strings.TrimSpace(s.lines[key.Line-1][:key.Column-1])
	if n.Style&yaml.FlowStyle != 0 || before != "" || i == 0 {
		return
	}
	first, last := key.Line, s.last(n.Content[2*i+1])
	var lines []int // the step's, which are fewer now
	for l := s.step[0]; l <= max(s.step[1]-(last-first+1), s.step[0]); l++ {
		lines = append(lines, l)
	}
	if s.step[0] == 1 {
		lines = append(lines, n.Line)
	}
	s.found = append(s.found, site{kind: kind, what: key.Value, lines: lines, edit: func(all []string) []string {
		return slices.Delete(slices.Clone(all), first-1, last)
	}})
}

// typed gives a field a value of another type.
func (s *sites) typed(n *yaml.Node, f *field.Field) {
	dynamic := strings.Contains(n.Value, "${{")
	wrong := map[field.Kind]string{
		field.Bool: "maybe", field.Int: "many", field.Float: "much", field.Duration: "soon", field.String: "{a: b}", field.Expression: "{a: b}",
	}[f.Shape.Kind]
	if wrong != "" && n.Value != "" {
		s.whole("type changed", n, wrong)
	}
	switch f.Shape.Kind {
	case field.Bool, field.Int, field.Duration, field.String:
		s.whole("list for one value", n, "["+s.text(n)+"]")
	}
	if len(f.Enum) > 0 && !dynamic && !slices.Contains(f.Enum, misspell(n.Value)) {
		s.replace("value misspelt", n, n.Value, misspell(n.Value), nil)
	}
}

// text returns what stands in the file for a scalar.
func (s *sites) text(n *yaml.Node) string {
	at := s.file.Range(n)
	line := []rune(s.lines[at.Start.Line-1])
	return string(line[at.Start.Column-1 : min(at.End.Column-1, len(line))])
}

// whole replaces all of a scalar.
func (s *sites) whole(kind string, n *yaml.Node, after string) {
	if at := s.file.Range(n); at.Start.Line == at.End.Line && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		s.at(kind, at, s.text(n), after, nil)
	}
}

var unit = regexp.MustCompile(`^(\d+)(ms|s|m|h)$`)

// scalar makes the mistakes that belong to what a scalar means.
func (s *sites) scalar(n *yaml.Node, shape *field.Shape, f *field.Field) {
	if m := unit.FindStringSubmatch(n.Value); m != nil && shape.Kind == field.Duration {
		s.replace("unit dropped", n, n.Value, m[1], nil)
	}
	if f != nil && (f.Refers == "file" || f.Refers == "template") && strings.Contains(n.Value, "/") && !strings.Contains(n.Value, "${{") {
		s.replace("path misspelt", n, n.Value, misspell(n.Value), nil)
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && n.Value != "" {
		if text := s.text(n); len(text) > 2 {
			s.at("quote dropped", s.file.Range(n), text, text[:len(text)-1], nil)
		}
	}
	switch {
	case shape.Kind == field.Expression:
		s.expression(n, 0, n.Value)
	default:
		s.texts(n)
	}
}

var inText = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// texts looks for ${{ }} in a tree.
func (s *sites) texts(n *yaml.Node) {
	for _, c := range n.Content {
		s.texts(c)
	}
	if n.Kind != yaml.ScalarNode {
		return
	}
	for _, m := range inText.FindAllStringSubmatchIndex(n.Value, -1) {
		s.expression(n, m[2], n.Value[m[2]:m[3]])
		s.inside("brace dropped", n, m[3], m[3]+2, "}}", "}")
	}
}

// inside makes a mistake in a part of a scalar, by offsets in its value.
func (s *sites) inside(kind string, n *yaml.Node, from, to int, before, after string) {
	start := len([]rune(n.Value[:from]))
	s.at(kind, s.file.Within(n, start, start+len([]rune(n.Value[from:to]))), before, after, nil)
}

var (
	quotedText = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	stepID     = regexp.MustCompile(`\bsteps\.([a-z][a-z0-9_]*)`)
	rootName   = regexp.MustCompile(`(?:^|[^.\w#])([a-z]\w*)\.`)
	variable   = regexp.MustCompile(`\b(?:vars|secrets|matrix)\.([A-Za-z]\w*)`)
	call       = regexp.MustCompile(`(?:^|[^.\w])([a-z][A-Za-z]*)\(`)
	memberName = regexp.MustCompile(`([\w.\]\[#]*)\.([A-Za-z]\w*)`)
	equals     = regexp.MustCompile(` (==) `)
	joins      = regexp.MustCompile(` (and|or) `)
	number     = regexp.MustCompile(`([\w.\]\[)]+) (?:==|>=|<=|>|<) (\d+)`)
	lengthText = regexp.MustCompile(`duration\("(\d+)(?:ms|s|m|h)"\)`)
	amountText = regexp.MustCompile(`quantity\("([^"]*)"\)`)
	closing    = regexp.MustCompile(`(\))`)
)

// unknowable are the values whose fields nobody declares: what other programs answer, and maps that anybody fills.
var unknowable = regexp.MustCompile(`\b(body|json|data|groups|labels|annotations|captured|headers|env|result|value)\b`)

// expression makes mistakes in an expression that stands at an offset of a scalar.
func (s *sites) expression(n *yaml.Node, offset int, source string) {
	masked := quotedText.ReplaceAllStringFunc(source, func(q string) string { return q[:1] + strings.Repeat("_", len(q)-2) + q[len(q)-1:] })
	each := func(kind, text string, pattern *regexp.Regexp, group int, wrong func(string) string) {
		for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
			word := source[m[2*group]:m[2*group+1]]
			if group > 1 && unknowable.MatchString(source[m[2]:m[3]]) {
				continue
			}
			s.inside(kind, n, offset+m[2*group], offset+m[2*group+1], word, wrong(word))
		}
	}
	for _, m := range stepID.FindAllStringSubmatch(masked, -1) {
		s.uses[m[1]] = append(s.uses[m[1]], s.lineOf(n, offset))
	}
	each("step id misspelt", masked, stepID, 1, misspell)
	each("root misspelt", masked, rootName, 1, misspell)
	each("name misspelt", masked, variable, 1, misspell)
	each("function misspelt", masked, call, 1, misspell)
	each("field misspelt", masked, memberName, 2, misspell)
	each("operator of another language", masked, equals, 1, func(string) string { return "=" })
	each("operator of another language", masked, joins, 1, strings.ToUpper)
	each("number in quotes", masked, number, 2, func(w string) string { return "'" + w + "'" })
	each("unit dropped", source, lengthText, 1, func(w string) string { return w + "x" + strconv.Itoa(0) })
	each("amount broken", source, amountText, 1, func(w string) string { return w + "x" })
	each("bracket dropped", masked, closing, 1, func(string) string { return "" })
}

// lineOf returns the line on which an offset of a scalar stands.
func (s *sites) lineOf(n *yaml.Node, offset int) int {
	start := len([]rune(n.Value[:offset]))
	return s.file.Within(n, start, start+1).Start.Line
}
