package report

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// cleanEvent takes everything out of e that could steer a terminal, and the outputs, which no text shows.
func cleanEvent(e journal.Event) journal.Event {
	if e.Result != nil && e.Result.Outputs != nil {
		result := *e.Result
		result.Outputs = nil
		e.Result = &result
	}
	return journal.MapStrings(e, clean)
}

// clean removes escape sequences, control characters but line ends, marks that turn the direction of writing, and bytes
// that are not UTF-8. A tab becomes spaces so that columns stay aligned.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.ToValidUTF8(s, "\uFFFD"), "\n")
	for i, line := range lines {
		// Line by line, because an escape sequence without an end would swallow all that follows.
		lines[i] = strings.Map(printable, strings.ReplaceAll(ansi.Strip(line), "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

func isClean(s string) bool {
	for _, r := range s {
		if r != '\n' && printable(r) < 0 || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// printable returns r, or -1 when a terminal would not simply print it.
func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF' {
		return -1
	}
	return r
}

// oneLine puts a text of several lines on one.
func oneLine(s string) string {
	if !strings.Contains(s, "\n") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
