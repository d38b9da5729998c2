package report

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// junit is the XML that CI systems read: one testsuite for each file, one testcase for each scenario. Only a scenario that
// passed is green there; inconclusive is an error with that type.
type junit struct {
	writer
	out      io.Writer
	summary  *journal.Summary
	progress *text
}

func openJUnit(out io.Writer, o Options, toStdout bool) Sink {
	o.Source = nil // the excerpt of a file is for a terminal
	j := &junit{writer: writer{options: o, whole: true}, out: out, summary: &journal.Summary{}}
	if toStdout {
		j.progress = openProgress(o)
	}
	return j
}

// Event takes the next event.
func (j *junit) Event(e journal.Event) {
	j.summary.Apply(cleanEvent(e))
	if j.progress != nil {
		j.progress.Event(e)
	}
}

// Close writes the document.
func (j *junit) Close() error {
	var problem error
	if j.progress != nil {
		problem = j.progress.Close()
	}
	settle(j.summary)
	if _, err := io.WriteString(j.out, xml.Header); err != nil {
		return errors.Join(problem, err)
	}
	encoder := xml.NewEncoder(j.out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(j.suites()); err != nil {
		return errors.Join(problem, err)
	}
	_, err := io.WriteString(j.out, "\n")
	return errors.Join(problem, err)
}

type xmlSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	xmlCounts
	Suites []*xmlSuite `xml:"testsuite"`
}

type xmlCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`
	took     time.Duration
}

type xmlSuite struct {
	Name string `xml:"name,attr"`
	File string `xml:"file,attr"`
	xmlCounts
	Timestamp  string        `xml:"timestamp,attr"`
	Properties []xmlProperty `xml:"properties>property"`
	Cases      []xmlCase     `xml:"testcase"`
	names      map[string]int
}

type xmlProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type xmlCase struct {
	Name       string        `xml:"name,attr"`
	Class      string        `xml:"classname,attr"`
	File       string        `xml:"file,attr"`
	Time       string        `xml:"time,attr"`
	Properties []xmlProperty `xml:"properties>property"`
	Skipped    *xmlReason    `xml:"skipped"`
	Failure    *xmlReason    `xml:"failure"`
	Error      *xmlReason    `xml:"error"`
	Flaky      []xmlReason   `xml:"flakyFailure"`
	Output     string        `xml:"system-out,omitempty"`
}

type xmlReason struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (j *junit) suites() xmlSuites {
	all := xmlSuites{Name: "scenario-runner"}
	byFile := map[string]*xmlSuite{}
	for _, s := range j.summary.Scenarios {
		file := j.place(s)
		suite := byFile[file]
		if suite == nil {
			suite = &xmlSuite{Name: file, File: file, Timestamp: s.Started.UTC().Format("2006-01-02T15:04:05"), Properties: j.runProperties(), names: map[string]int{}}
			byFile[file] = suite
			all.Suites = append(all.Suites, suite)
		}
		suite.Cases = append(suite.Cases, j.testcase(suite, s))
		suite.add(s)
		all.add(s)
	}
	all.Time = decimal(j.summary.Took())
	return all
}

func (c *xmlCounts) add(s *journal.ScenarioSummary) {
	c.Tests++
	switch s.Verdict() {
	case step.Passed, step.Flaky:
	case step.Skipped:
		c.Skipped++
	case step.Failed:
		c.Failures++
	default:
		c.Errors++
	}
	c.took += s.Result.Took
	c.Time = decimal(c.took)
}

func (j *junit) runProperties() []xmlProperty {
	properties := []xmlProperty{{"run", j.summary.Run.ID}, {"version", j.summary.Run.Version}}
	if j.summary.Run.Suite != "" {
		properties = append(properties, xmlProperty{"suite", j.summary.Run.Suite})
	}
	if j.summary.Result != nil {
		for _, t := range j.summary.Result.Thresholds {
			properties = append(properties, xmlProperty{thresholdName(t), t.Text})
		}
	}
	if j.summary.Run.Simulated != "" {
		properties = append(properties, xmlProperty{"simulated", j.summary.Run.Simulated})
	}
	return properties
}

func (j *junit) testcase(suite *xmlSuite, s *journal.ScenarioSummary) xmlCase {
	file := j.place(s)
	c := xmlCase{
		Name: suite.unique(oneLine(s.Info.Name)), Class: className(file), File: file, Time: decimal(s.Result.Took),
		Properties: j.properties(s), Output: j.output(s),
	}
	switch v := s.Verdict(); v {
	case step.Passed:
	case step.Flaky:
		for _, attempt := range s.Attempts {
			c.Flaky = append(c.Flaky, j.flaky(s, attempt))
		}
	case step.Skipped:
		c.Skipped = &xmlReason{Message: oneLine(s.Result.Message)}
	case step.Failed:
		c.Failure = j.reason(s, v)
	default:
		c.Error = j.reason(s, v)
	}
	return c
}

// unique keeps CI systems from dropping a testcase whose name they have seen.
func (x *xmlSuite) unique(name string) string {
	x.names[name]++
	if n := x.names[name]; n > 1 {
		return fmt.Sprintf("%s (%d)", name, n)
	}
	return name
}

func (j *junit) properties(s *journal.ScenarioSummary) []xmlProperty {
	properties := []xmlProperty{{"run", j.summary.Run.ID}, {"scenario", s.Info.ID}}
	if s.Info.Namespace != "" {
		properties = append(properties, xmlProperty{"namespace", s.Info.Namespace})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Info.Labels)) {
		properties = append(properties, xmlProperty{"label." + name, s.Info.Labels[name]})
	}
	return properties
}

func (j *junit) reason(s *journal.ScenarioSummary, v step.Verdict) *xmlReason {
	message := oneLine(j.ownMessage(s))
	if found := causes(s.Steps); len(found) > 0 {
		message = found[0].ID + ": " + oneLine(resultOf(found[0]).Message)
	}
	return &xmlReason{Type: string(v), Message: message, Text: j.failure(s, false)}
}

// flaky explains an attempt after which the scenario was run again.
func (j *junit) flaky(s *journal.ScenarioSummary, a journal.Attempt) xmlReason {
	result := a.Result
	if result == nil { // the run tells of the end of a scenario only once, after the last attempt
		result = &journal.Result{Verdict: step.Errored}
		if found := causes(a.Steps); len(found) > 0 {
			result.Verdict = found[0].Verdict()
		}
	}
	earlier := &journal.ScenarioSummary{Key: s.Key, Info: s.Info, Result: result, Steps: a.Steps}
	return *j.reason(earlier, earlier.Verdict())
}

// output lists the steps.
func (j *junit) output(s *journal.ScenarioSummary) string {
	if len(s.Steps) == 0 {
		return ""
	}
	return "\n" + j.stepList(s)
}

// className makes "shop.web" of "shop/web.scenario.yaml": CI systems group by it.
func className(file string) string {
	file = strings.TrimPrefix(path.Clean(strings.ReplaceAll(file, `\`, "/")), "/")
	for _, suffix := range []string{".scenario.yaml", ".scenario.yml", ".yaml", ".yml"} {
		if name, ok := strings.CutSuffix(file, suffix); ok {
			file = name
			break
		}
	}
	return cmp.Or(strings.ReplaceAll(strings.Trim(strings.ReplaceAll(file, "../", ""), "/"), "/", "."), "scenario")
}

func decimal(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
