package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestReportsOfAWholeRun(t *testing.T) {
	hide := func(s string) string { return strings.ReplaceAll(s, "hunter22", "***") }
	tests := []struct {
		golden, output string
		options        Options
	}{
		{"whole.txt", "text", Options{}},
		{"whole-verbose.txt", "text", Options{Verbose: true}},
		{"whole-colour.txt", "text", Options{Color: Always}},
		{"whole-quiet.txt", "quiet", Options{}},
		{"whole.json", "json", Options{}},
		{"whole.xml", "junit", Options{}},
		{"whole.html", "html", Options{}},
		{"whole.md", "markdown", Options{}},
		{"whole-github.txt", "github", Options{token: "end"}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			tt.options.Source, tt.options.Mask = source, hide
			golden(t, tt.golden, rendered(t, wholeRun(), tt.output, tt.options))
		})
	}
}

func TestReportsOfAKilledRun(t *testing.T) {
	events := wholeRun()
	for i, e := range events {
		if e.Scenario == failoverPath && e.Step == "check" && e.Kind == journal.StepFinished {
			events = events[:i]
			break
		}
	}
	last := events[len(events)-1]
	events = append(events, journal.Event{
		Time: last.Time.Add(9 * time.Second), Kind: journal.StepProgress, Scenario: failoverPath, Step: "check", Message: "2/3 ready",
	})
	for _, output := range []string{"text", "json", "junit", "quiet", "html", "markdown", "github"} {
		t.Run(output, func(t *testing.T) {
			golden(t, "killed-"+output+".txt", rendered(t, events, output, Options{Source: source, token: "end"}))
		})
	}
}

func TestTextOfAGreenRunIsShort(t *testing.T) {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1", Scenarios: 1}})
	r.scenario(healFile, "heal", 1)
	r.start(healFile, "web", journal.StepInfo{Title: "deploy web.yaml"})
	r.finish(healFile, "web", time.Second, journal.Result{Verdict: step.Passed})
	r.end(healFile, time.Second, journal.Result{Verdict: step.Passed})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Verdict: step.Passed, Took: time.Second}})
	want := "✓ heal  1 step  1.0s\n1 passed in 1.0s\n"
	if got := string(rendered(t, r.events, "text", Options{})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(rendered(t, r.events, "quiet", Options{})); got != "" {
		t.Errorf("quiet must say nothing of a green run, got %q", got)
	}
}

func TestSeveralLeftovers(t *testing.T) {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1"}})
	r.add(0, journal.Event{Kind: journal.RunInterrupted, Message: "interrupted"})
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Left: []string{"delete namespace a: timed out", "uncordon b"}}})
	want := "nothing ran, stopped: interrupted\nleft behind, to be taken back with scenario-runner cleanup --run r1:\n  delete namespace a: timed out\n  uncordon b\n"
	if got := string(rendered(t, r.events, "text", Options{})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNothingHostileReachesATerminal(t *testing.T) {
	for _, output := range []string{"text", "quiet", "junit", "html", "markdown", "github"} {
		got := string(rendered(t, wholeRun(), output, Options{Verbose: true}))
		for _, r := range got {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%s: %U in %q", output, r, got)
				break
			}
		}
		if !strings.Contains(got, "fatal: disk    full") {
			t.Errorf("%s: the text itself must stay: %s", output, got)
		}
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "two\nlines é ✓", "two\nlines é ✓"},
		{"colour", "\x1b[1;31mred\x1b[0m", "red"},
		{"sequence without an end", "a\x1b]0;title\nb", "a\nb"},
		{"8-bit sequence", "a\u009b31mb", "a31mb"},
		{"line ends of Windows", "a\r\nb", "a\nb"},
		{"overwriting", "good\rbad", "goodbad"},
		{"bell and backspace", "a\a\b\x00b", "ab"},
		{"not UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"direction", "a\u202eb\u2066c", "abc"},
		{"tab", "a\tb", "a    b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := clean(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJUnitIsWellFormedAndNeverGreenForNothing(t *testing.T) {
	data := rendered(t, wholeRun(), "junit", Options{})
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	var got xmlSuites
	if err := xml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 6 || got.Failures != 1 || got.Errors != 2 || got.Skipped != 1 {
		t.Errorf("got counts %+v", got.xmlCounts)
	}
	for _, suite := range got.Suites {
		for _, c := range suite.Cases {
			if c.Name == "chaos" && (c.Error == nil || c.Error.Type != "inconclusive") {
				t.Errorf("inconclusive must be an error: %+v", c)
			}
		}
	}
}

func TestJUnitNames(t *testing.T) {
	suite := xmlSuite{names: map[string]int{}}
	for _, want := range []string{"a", "b", "a (2)", "a (3)"} {
		if got := suite.unique(want[:1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for file, want := range map[string]string{
		"shop/web.scenario.yaml": "shop.web", "./a.yml": "a", "../x/y.yaml": "x.y", `shop\web.scenario.yml`: "shop.web", "/abs/z.scenario.yaml": "abs.z",
	} {
		if got := className(file); got != want {
			t.Errorf("class of %q is %q, want %q", file, got, want)
		}
	}
}

func TestJSONIsOneDocumentWithStableForm(t *testing.T) {
	decoder := json.NewDecoder(bytes.NewReader(rendered(t, nil, "json", Options{})))
	var got map[string]any
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if decoder.More() {
		t.Error("more than one document")
	}
	run, _ := got["run"].(map[string]any)
	if got["schemaVersion"] != schemaVersion || run["complete"] != false || run["verdict"] != "errored" || run["exitCode"] != nil {
		t.Errorf("a journal without events gave %v", got)
	}
	if list, ok := got["scenarios"].([]any); !ok || len(list) != 0 {
		t.Errorf("scenarios must be an empty list, got %v", got["scenarios"])
	}
}

func TestLength(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0ms", 340 * time.Millisecond: "340ms", 999999 * time.Microsecond: "999ms", 12340 * time.Millisecond: "12.3s",
		59990 * time.Millisecond: "59.9s", 125 * time.Second: "2m05s", 62 * time.Minute: "1h02m",
	} {
		if got := length(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestGitHubPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(path, []byte("# of another step\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered(t, wholeRun(), "github", Options{Environment: []string{"GITHUB_STEP_SUMMARY=" + path}})
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# of another step\n" + string(rendered(t, wholeRun(), "markdown", Options{})); string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAHugePageIsCut(t *testing.T) {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1"}})
	for i := range 40 {
		file := fmt.Sprintf("s%d.yaml", i)
		r.scenario(file, file, 1)
		r.end(file, time.Second, journal.Result{Verdict: step.Failed, Message: strings.Repeat("x", 40<<10)})
	}
	path := filepath.Join(t.TempDir(), "summary.md")
	rendered(t, r.events, "github", Options{Environment: []string{"GITHUB_STEP_SUMMARY=" + path}})
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > maxSummary || !strings.HasSuffix(string(got), "```\n\n\nThe rest is too long for this page; see the log of the job.\n") {
		t.Errorf("%d bytes that end with %q", len(got), got[len(got)-100:])
	}
}

func TestMarkdownIsNoMarkup(t *testing.T) {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1"}})
	r.scenario("a.yaml", "a|b <img src=x> @team", 1)
	r.end("a.yaml", time.Second, journal.Result{Verdict: step.Failed, Message: "``` </pre> # x"})
	got := string(rendered(t, r.events, "markdown", Options{}))
	for _, want := range []string{`| a\|b &lt;img src=x&gt; &#64;team |`, "````text"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	page := string(rendered(t, r.events, "html", Options{}))
	if strings.Contains(page, "<img") || strings.Contains(page, "</pre> # x") {
		t.Errorf("what a cluster says became markup:\n%s", page)
	}
}
