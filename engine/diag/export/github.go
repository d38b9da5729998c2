package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// MostAnnotations is how many errors, and how many warnings, are written as annotations: GitHub shows no more of one
// step and drops the others silently.
const MostAnnotations = 10

// GitHub writes workflow commands, which GitHub Actions turns into annotations at the lines of a pull request. What is
// beyond MostAnnotations is counted on one more line.
func GitHub(w io.Writer, r Result) error {
	var b strings.Builder
	written, left := map[diag.Severity]int{}, map[diag.Severity]int{}
	for _, d := range r.Diagnostics.Sorted() {
		if written[d.Severity] == MostAnnotations {
			left[d.Severity]++
			continue
		}
		written[d.Severity]++
		r.annotation(&b, d)
	}
	var more []string
	for _, s := range []diag.Severity{diag.Error, diag.Warning} {
		if left[s] > 0 {
			plural := ""
			if left[s] > 1 {
				plural = "s"
			}
			more = append(more, fmt.Sprintf("%d more %s%s", left[s], s, plural))
		}
	}
	if len(more) > 0 {
		fmt.Fprintf(&b, "::notice title=scenario-runner::%s not shown as annotations; GitHub shows %d of each\n",
			strings.Join(more, " and "), MostAnnotations)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Result) annotation(b *strings.Builder, d diag.Diagnostic) {
	at := d.Range
	fmt.Fprintf(b, "::%s file=%s,line=%d,col=%d,endLine=%d,endColumn=%d,title=%s::", d.Severity,
		property(r.path(at.File)), at.Start.Line, at.Start.Column, at.End.Line, at.End.Column, property(ruleID(d)))
	message := d.Message
	for _, n := range d.Notes {
		message += "\n" + n.Message
		if !n.Range.IsZero() {
			message += " (" + r.path(n.Range.File) + ":" + n.Range.Start.String() + ")"
		}
	}
	b.WriteString(text(message) + "\n")
}

// text escapes the message of a workflow command.
func text(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes the value of a property, where the separators count as well.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
