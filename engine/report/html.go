package report

import (
	_ "embed"
	"errors"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed report.html
var page string

// html is one file that opens without a network and reads without scripts and styles, because some CI systems serve
// reports with neither. Everything in it is escaped by html/template.
type html struct {
	writer
	out      io.Writer
	summary  *journal.Summary
	progress *text
}

func openHTML(out io.Writer, o Options, toStdout bool) Sink {
	h := &html{writer: writer{options: o, whole: true}, out: out, summary: &journal.Summary{}}
	if toStdout {
		h.progress = openProgress(o)
	}
	return h
}

// Event takes the next event.
func (h *html) Event(e journal.Event) {
	h.summary.Apply(cleanEvent(e))
	if h.progress != nil {
		h.progress.Event(e)
	}
}

// Close writes the page.
func (h *html) Close() error {
	var problem error
	if h.progress != nil {
		problem = h.progress.Close()
	}
	settle(h.summary)
	t, err := template.New("report").Parse(page)
	if err != nil {
		return errors.Join(problem, err)
	}
	return errors.Join(problem, t.Execute(h.out, h.content()))
}

// htmlRun is what the page shows of a run.
type htmlRun struct {
	Title      string
	Green      bool
	Tally      string
	Started    string
	Run        journal.RunInfo
	Command    string
	Thresholds string
	Left       string
	Counts     []htmlCount
	Timeline   *timeline
	Scenarios  []htmlScenario
}

type htmlCount struct {
	Verdict step.Verdict
	Number  int
}

// htmlScenario is what the page shows of a scenario.
type htmlScenario struct {
	Anchor   string
	Name     string
	Verdict  step.Verdict
	Mark     string
	Open     bool
	Took     string
	Place    string
	About    string
	Labels   []string
	Attempts int
	Why      string // the explanation, as text
	Again    string
	Timeline *timeline
	Steps    []htmlStep
}

type htmlStep struct {
	ID, Title, Kind string
	Verdict         step.Verdict
	Mark            string
	Took            string
	Phase           string
	Message         string
	Place           string
	Indent          int // in characters
}

func (h *html) content() htmlRun {
	s := h.summary
	run := htmlRun{
		Green: allGreen(s) && len(failed(s)) == 0, Tally: h.tally(s), Run: s.Run, Command: strings.Join(append([]string{"scenario-runner"}, s.Run.Arguments...), " "),
		Started: s.Started.UTC().Format(time.RFC1123), Thresholds: h.thresholds(s), Left: h.leftovers(s) + h.drift(s),
		Timeline: timelineOf(s),
	}
	run.Title = "passed"
	if !run.Green {
		run.Title = "not passed"
	}
	byVerdict := counts(s)
	for _, v := range verdicts() {
		if byVerdict[v] > 0 {
			run.Counts = append(run.Counts, htmlCount{v, byVerdict[v]})
		}
	}
	for _, green := range []bool{false, true} { // what needs attention first
		for i, scenario := range s.Scenarios {
			if isGreen(scenario.Verdict()) == green {
				run.Scenarios = append(run.Scenarios, h.scenario(scenario, anchor(i)))
			}
		}
	}
	return run
}

func (h *html) scenario(s *journal.ScenarioSummary, id string) htmlScenario {
	v := s.Verdict()
	out := htmlScenario{
		Anchor: id, Name: oneLine(s.Info.Name), Verdict: v, Mark: h.mark(v), Open: !isGreen(v), Took: length(s.Result.Took),
		Place: h.place(s), About: s.Info.Description, Attempts: len(s.Attempts) + 1, Again: h.rerun(s), Timeline: stepTimeline(s),
	}
	for _, key := range slices.Sorted(maps.Keys(s.Info.Labels)) {
		out.Labels = append(out.Labels, key+"="+s.Info.Labels[key])
	}
	if !isGreen(v) {
		out.Why = h.failure(s, true)
	}
	for _, st := range s.Steps {
		r := resultOf(st)
		out.Steps = append(out.Steps, htmlStep{
			ID: st.ID, Title: oneLine(st.Info.Title), Kind: st.Info.Kind, Verdict: st.Verdict(), Mark: h.mark(st.Verdict()),
			Took: length(r.Took), Phase: st.Info.Phase, Message: oneLine(r.Message), Place: h.stepPlace(s, st), Indent: 2 * st.Info.Depth,
		})
	}
	return out
}
