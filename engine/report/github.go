package report

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/diag/export"
	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// maxSummary is how much of a job summary GitHub takes from one step. More is refused as a whole.
const maxSummary = 1 << 20

// github is the report for a job of GitHub Actions: the usual text in its log, an annotation at the line of each step
// that explains why a scenario did not pass, and the markdown summary on the page of the job, for which GitHub names a
// file in GITHUB_STEP_SUMMARY.
type github struct {
	writer
	out     io.Writer
	summary *journal.Summary
	text    Sink // nil when the annotations go to a file
	token   string
	broken  error // of the first line
}

func openGitHub(out io.Writer, o Options, toStdout bool) Sink {
	g := &github{writer: writer{options: o, whole: true}, out: out, summary: &journal.Summary{}}
	if toStdout {
		// What a cluster logs could look like a command to GitHub, which finds them anywhere in a line.
		g.token = cmp.Or(o.token, rand.Text())
		_, g.broken = io.WriteString(out, "::stop-commands::"+g.token+"\n")
		g.text = openText(out, o, true)
	}
	return g
}

// Event takes the next event.
func (g *github) Event(e journal.Event) {
	g.summary.Apply(cleanEvent(e))
	if g.text != nil {
		g.text.Event(e)
	}
}

// Close writes the annotations and the summary.
func (g *github) Close() error {
	var problem error
	if g.text != nil {
		problem = errors.Join(g.broken, g.text.Close())
		if _, err := io.WriteString(g.out, "::"+g.token+"::\n"); err != nil {
			problem = errors.Join(problem, err)
		}
	}
	settle(g.summary)
	base, err := os.Getwd()
	return errors.Join(problem, err, export.GitHub(g.out, export.Result{Diagnostics: g.annotations(), Base: base}), g.page())
}

// annotations are the causes of what is not green.
func (g *github) annotations() diag.List {
	var list diag.List
	for _, s := range failed(g.summary) {
		found := causes(s.Steps)
		for _, st := range found {
			list = append(list, diag.Diagnostic{
				Range: st.Info.At, Severity: diag.Error, Check: string(st.Verdict()),
				Message: s.Info.Name + ": " + resultOf(st).Message,
			})
		}
		if len(found) == 0 {
			start := diag.Position{Line: 1, Column: 1}
			list = append(list, diag.Diagnostic{
				Range: diag.Range{File: g.place(s), Start: start, End: start}, Severity: diag.Error, Check: string(s.Verdict()),
				Message: s.Info.Name + ": " + g.ownMessage(s),
			})
		}
	}
	return list
}

// page appends the summary to the page of the job. Other steps of the job may have written there.
func (g *github) page() error {
	path := g.options.getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	text := g.document(g.summary)
	if len(text) > maxSummary {
		const note = "\n\nThe rest is too long for this page; see the log of the job.\n"
		text = text[:maxSummary-len(note)]
		text = text[:max(strings.LastIndex(text, "\n### "), 0)] + note // not inside a block
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // the page is for everyone who sees the job
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
