package field

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// cut reports an expression that YAML has cut off at a # that was meant to be part of it. Without that, the author would
// read of a missing quote that is there for everybody to see.
func (c *pass) cut(n *yaml.Node) bool {
	missing := closer(n.Value)
	if missing == "" {
		return false
	}
	at, comment, found := c.file.Cut(n)
	if !found || !strings.Contains(comment, missing) {
		return false
	}
	c.report(at, "expression-syntax", `YAML reads the rest of the line as a comment, because " #" starts one; put the whole text in quotes`)
	return true
}

// closer returns what is missing at the end of an expression: a quote, a bracket or the }} of a text; "" when nothing is.
func closer(text string) string {
	if before := strings.LastIndex(text, "${{"); before >= 0 {
		if strings.Contains(text[before:], "}}") {
			return ""
		}
		return "}}"
	}
	pairs := map[rune]string{'(': ")", '[': "]", '{': "}"}
	var open []string
	var quote rune
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case quote != 0 && r == '\\' && quote != '`':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case pairs[r] != "":
			open = append(open, pairs[r])
		case len(open) > 0 && string(r) == open[len(open)-1]:
			open = open[:len(open)-1]
		}
	}
	switch {
	case quote != 0:
		return string(quote)
	case len(open) > 0:
		return open[len(open)-1]
	}
	return ""
}
