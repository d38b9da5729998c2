package scenario

import "strings"

// FirstExample returns the first YAML example of a documentation text in Markdown, without its fence; "" when there is
// none.
func FirstExample(doc string) string {
	_, after, found := strings.Cut(doc, "```yaml\n")
	if !found {
		return ""
	}
	example, _, _ := strings.Cut(after, "\n```")
	return example
}
