package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// terminal is as much of a terminal as the live display uses: lines, cursor up, clear to the end.
type terminal struct {
	mu            sync.Mutex
	t             *testing.T
	width, height int
	lines         []string // the last one is where the cursor stands, unless it was moved up
	row, column   int
	writes        int
}

func newTerminal(t *testing.T, width, height int) *terminal {
	return &terminal{t: t, width: width, height: height, lines: []string{""}}
}

func (f *terminal) size() (int, int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.width, f.height, true
}

func (f *terminal) Write(data []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	control := regexp.MustCompile(`^(\x1b\[[AJK]|\x1b\[[0-9;]*m|\r|\n|[^\x1b\r\n]+)`)
	for text := string(data); text != ""; {
		token := control.FindString(text)
		if token == "" {
			f.t.Fatalf("the terminal was sent %q", text)
		}
		f.apply(token)
		text = text[len(token):]
	}
	return len(data), nil
}

func (f *terminal) apply(token string) {
	line := []rune(f.lines[f.row])
	switch {
	case token == cursorUp:
		f.row--
		if f.row < 0 || f.row < len(f.lines)-f.height {
			f.t.Fatal("the cursor was moved above the screen: the region was higher than the terminal")
		}
	case token == clearRest:
		f.lines = append(f.lines[:f.row], string(line[:min(f.column, len(line))]))
	case token == clearLine:
		f.lines[f.row] = string(line[:min(f.column, len(line))])
	case token == "\n":
		f.column = 0
		if f.row++; f.row == len(f.lines) {
			f.lines = append(f.lines, "")
		}
	case token == "\r":
		f.column = 0
	case strings.HasPrefix(token, "\x1b["):
	default: // written over what is there
		end := f.column + len([]rune(token))
		f.lines[f.row] = string(line[:min(f.column, len(line))]) + token + string(line[min(end, len(line)):])
		f.column = end
	}
}

func (f *terminal) written() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

func (f *terminal) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.lines, "\n")
}

// live starts a text report on a fake terminal that is standard output and standard error at once.
func live(t *testing.T, f *terminal, verbose bool) Sink {
	t.Helper()
	sink, err := Open(nil, Options{Stdout: f, Stderr: f, Terminal: f.size, Verbose: verbose})
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// feed gives events the time of the bubble.
func feed(sink Sink, events ...journal.Event) {
	for _, e := range events {
		e.Time = time.Now()
		sink.Event(e)
	}
}

func started(name string) journal.Event {
	return journal.Event{Kind: journal.ScenarioStarted, Scenario: name, Start: &journal.ScenarioInfo{Name: name, File: name, Steps: 1}}
}

func stepStarted(scenario, id, title string) journal.Event {
	return journal.Event{Kind: journal.StepStarted, Scenario: scenario, Step: id, StepInfo: &journal.StepInfo{Title: title}}
}

func progressed(scenario, id, message string) journal.Event {
	return journal.Event{Kind: journal.StepProgress, Scenario: scenario, Step: id, Message: message}
}

func ended(name string, v step.Verdict, message string) journal.Event {
	return journal.Event{Kind: journal.ScenarioFinished, Scenario: name, Result: &journal.Result{Verdict: v, Message: message, Took: 2 * time.Second}}
}

func runStarted(scenarios, parallel int) journal.Event {
	return journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1", Scenarios: scenarios, Parallel: parallel}}
}

// later lets time pass, and the display catch up.
func later(d time.Duration) {
	<-time.NewTimer(d).C
	synctest.Wait()
}

func expect(t *testing.T, f *terminal, want string) {
	t.Helper()
	if diff := cmp.Diff(want, f.text()); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
}

func TestLiveDisplay(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	synctest.Test(t, func(t *testing.T) {
		f := newTerminal(t, 60, 20)
		sink := live(t, f, false)
		feed(sink, runStarted(2, 2), started("web"), stepStarted("web", "ready", "deployment/web until ready"))
		later(redrawInterval)
		expect(t, f, `running 2 scenarios, 2 at a time (run r1)
    0s web
      0s ready  deployment/web until ready
    0s 0 of 2 done, 1 running
`)
		feed(sink, progressed("web", "ready", "1/3 ready"), started("db"), stepStarted("db", "up", "database until it answers, which takes quite a while"))
		later(3 * time.Second)
		expect(t, f, `running 2 scenarios, 2 at a time (run r1)
    3s web
      3s ready  deployment/web until ready  1/3 ready
    3s db
      3s up  database until it answers, which takes quite …
    3s 0 of 2 done, 2 running
`)
		feed(sink, journal.Event{Kind: journal.UndoRecorded, Scenario: "web", Undo: &journal.UndoInfo{ID: 1}}, ended("web", step.Passed, ""))
		later(redrawInterval)
		expect(t, f, `running 2 scenarios, 2 at a time (run r1)
✓ web  1 step  2.0s
    3s db
      3s up  database until it answers, which takes quite …
    3s 1 of 2 done, 1 running, 1 cleaning up
`)
		feed(sink, journal.Event{Kind: journal.RunInterrupted, Message: "interrupted; cleaning up"})
		feed(sink, ended("db", step.Errored, "interrupted"), journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Took: 4 * time.Second}})
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		expect(t, f, `running 2 scenarios, 2 at a time (run r1)
✓ web  1 step  2.0s
stopping: interrupted; cleaning up
! db  errored  1 step  2.0s
  was still running at the end [errored]
  step up (database until it answers, which takes quite a while), after 0ms
  run it again: scenario-runner run db

1 passed, 1 errored in 4.0s, stopped: interrupted; cleaning up
`)
	})
}

func TestLiveDisplayIsDrawnTenTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTerminal(t, 80, 20)
		sink := live(t, f, false)
		feed(sink, runStarted(1, 1), started("web"), stepStarted("web", "ready", "ready"))
		before := f.written()
		for i := range 1000 {
			feed(sink, progressed("web", "ready", fmt.Sprint(i)))
			later(time.Millisecond)
		}
		if got := f.written() - before; got > 10 {
			t.Errorf("1000 events in a second made %d writes, want 10 at most", got)
		}
		later(time.Second)
		before = f.written()
		later(10 * time.Second)
		if got := f.written() - before; got != 10 {
			t.Errorf("10 s at rest made %d writes, want one for each second shown", got)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLiveDisplayFitsTheTerminal(t *testing.T) {
	for _, height := range []int{1, 2, 3, 5, 8, 24} {
		t.Run(fmt.Sprint(height), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newTerminal(t, 40, height)
				sink := live(t, f, false)
				feed(sink, runStarted(12, 12))
				for i := range 12 {
					name := fmt.Sprintf("scenario%02d", i)
					feed(sink, started(name), stepStarted(name, "wait", "deployment/web until it is ready at last"))
				}
				later(redrawInterval)
				region := strings.Split(f.text(), "\n")[1:]
				if len(region) > height {
					t.Errorf("%d lines in a terminal of %d:\n%s", len(region), height, f.text())
				}
				for _, line := range region {
					if got := ansi.StringWidth(line); got >= f.width {
						t.Errorf("line of %d columns in a terminal of %d: %q", got, f.width, line)
					}
				}
				if got := strings.Contains(f.text(), "0 of 12 done, 12 running"); got != (height > 1) {
					t.Errorf("count shown: %v:\n%s", got, f.text())
				}
				if height == 5 && !strings.Contains(f.text(), "… and 10 more") {
					t.Errorf("what is not shown must be counted:\n%s", f.text())
				}
				later(time.Second) // draws over it
				if err := sink.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestVerboseOnATerminalShowsStepsWithTheirScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTerminal(t, 80, 20)
		sink := live(t, f, true)
		feed(sink, runStarted(1, 1), started("web"), stepStarted("web", "ready", "deployment/web"))
		feed(sink, journal.Event{Kind: journal.StepFinished, Scenario: "web", Step: "ready", Result: &journal.Result{Verdict: step.Passed}})
		feed(sink, journal.Event{Kind: journal.Logged, Message: "the server was slow"}, ended("web", step.Passed, ""))
		later(redrawInterval)
		expect(t, f, `running 1 scenario (run r1)
the server was slow
✓ web  1 step  2.0s
    ✓ ready  deployment/web  0ms
    0s 1 of 1 done
`)
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestProgressWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, progress bytes.Buffer
		sink, err := Open(nil, Options{Stdout: &out, Stderr: &progress})
		if err != nil {
			t.Fatal(err)
		}
		feed(sink, runStarted(1, 1), started("web"), stepStarted("web", "ready", "ready"), progressed("web", "ready", "1/3\nready"))
		later(heartbeatInterval + time.Second)
		feed(sink, stepStarted("web", "quick", "quick"))
		later(heartbeatInterval)
		feed(sink, ended("web", step.Passed, ""), journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Took: time.Minute}})
		later(heartbeatInterval)
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		wantProgress := "running 1 scenario (run r1)\nstill waiting: web › ready (30s): 1/3 ready\nstill waiting: web › ready (1m00s): 1/3 ready\n"
		if diff := cmp.Diff(wantProgress, progress.String()); diff != "" {
			t.Errorf("standard error (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff("✓ web  1 step  2.0s\n1 passed in 1m00s\n", out.String()); diff != "" {
			t.Errorf("standard output (-want +got):\n%s", diff)
		}
	})
}

func TestMachineReportsShowProgressOnStandardError(t *testing.T) {
	for _, output := range []string{"json", "junit"} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			f := newTerminal(t, 80, 20)
			sink, err := Open([]string{output}, Options{Stdout: &out, Stderr: f, Terminal: f.size})
			if err != nil {
				t.Fatal(err)
			}
			feed(sink, runStarted(1, 1), started("web"))
			later(redrawInterval)
			if got := f.text(); !strings.Contains(got, "0 of 1 done, 1 running") || out.Len() > 0 {
				t.Errorf("%s: standard error shows %q, standard output %q", output, got, out.String())
			}
			feed(sink, ended("web", step.Passed, ""), journal.Event{Kind: journal.RunFinished, Result: &journal.Result{}})
			if err := sink.Close(); err != nil {
				t.Fatal(err)
			}
			if got := f.text(); got != "running 1 scenario (run r1)\n" || !strings.Contains(out.String(), "web") {
				t.Errorf("%s: standard error shows %q in the end, standard output %q", output, got, out.String())
			}
		})
	}
}

func TestSignsOfLifeAreFew(t *testing.T) {
	s := &journal.Summary{}
	now := time.Now()
	for i := range 15 {
		name := fmt.Sprintf("s%02d", i)
		s.Apply(journal.Event{Time: now.Add(-time.Hour), Kind: journal.StepStarted, Scenario: name, Step: "a"})
	}
	lines := stillWaiting(s, now)
	if len(lines) != heartbeatLines+1 || lines[0] != "still waiting: s00 › a (1h00m)" || lines[heartbeatLines] != "still waiting: 5 more" {
		t.Errorf("got %q", lines)
	}
}

func TestContainersAreNotCauses(t *testing.T) {
	outer := &journal.StepSummary{ID: "outer", Info: journal.StepInfo{At: at(1, 1, 9, 1)}, Result: &journal.Result{Verdict: step.Failed}}
	inner := &journal.StepSummary{ID: "inner", Info: journal.StepInfo{At: at(3, 1, 4, 1), Depth: 1}, Result: &journal.Result{Verdict: step.Failed}}
	beside := &journal.StepSummary{ID: "beside", Info: journal.StepInfo{At: at(9, 1, 12, 1)}, Result: &journal.Result{Verdict: step.Errored}}
	passed := &journal.StepSummary{ID: "passed", Info: journal.StepInfo{At: at(9, 5, 10, 1), Depth: 1}, Result: &journal.Result{Verdict: step.Passed}}
	var ids []string
	for _, s := range causes([]*journal.StepSummary{outer, inner, beside, passed}) {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"inner", "beside"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALongTitleGivesWayToWhatWasSeenLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTerminal(t, 60, 20)
		sink := live(t, f, false)
		feed(sink, runStarted(1, 1), started("web"), stepStarted("web", "ready", "deployment/web until object.data.text == '世界世界世界世界世界'"))
		feed(sink, progressed("web", "ready", "deployment/web does not exist"))
		later(redrawInterval)
		expect(t, f, `running 1 scenario (run r1)
    0s web
      0s ready  deployment/…  deployment/web does not exist
    0s 0 of 1 done, 1 running
`)
		feed(sink, stepStarted("web", "up", "Deployment web"), progressed("web", "up", "Deployment web: Available: 0/2"))
		later(redrawInterval)
		expect(t, f, `running 1 scenario (run r1)
    0s web
      0s ready  deployment/…  deployment/web does not exist
      0s up  Deployment web  Available: 0/2
    0s 0 of 1 done, 1 running
`)
		feed(sink, journal.Event{Kind: journal.StepFinished, Scenario: "web", Step: "up", Result: &journal.Result{Verdict: step.Passed}})
		feed(sink, progressed("web", "ready", strings.Repeat("世界", 40)))
		later(redrawInterval)
		expect(t, f, `running 1 scenario (run r1)
    0s web
      0s ready  deployme…  世界世界世界世界世界世界世界世…
    0s 0 of 1 done, 1 running
`)
		for _, line := range strings.Split(f.text(), "\n") {
			if width := ansi.StringWidth(line); width >= f.width {
				t.Errorf("%d columns: %s", width, line)
			}
		}
		feed(sink, ended("web", step.Passed, ""), journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Took: time.Second}})
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// The terminal of the test does not wrap by itself; it is told what a real one does when it gets narrower.
func TestANarrowerTerminalIsClearedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTerminal(t, 60, 20)
		sink := live(t, f, false)
		feed(sink, runStarted(1, 1), started("web"), stepStarted("web", "ready", "deployment/web until it is ready and more"))
		later(redrawInterval)
		f.narrow(40)
		later(time.Second)
		expect(t, f, `running 1 scenario (run r1)
    1s web
      1s ready  deployment/web until i…
    1s 0 of 1 done, 1 running
`)
		feed(sink, ended("web", step.Passed, ""), journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Took: time.Second}})
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// narrow makes the terminal narrower and wraps what no longer fits.
func (f *terminal) narrow(width int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.width = width
	var lines []string
	for _, line := range f.lines {
		for ansi.StringWidth(line) > width {
			lines = append(lines, ansi.Truncate(line, width, ""))
			line = ansi.TruncateLeft(line, width, "")
		}
		lines = append(lines, line)
	}
	f.row += len(lines) - len(f.lines)
	f.lines = lines
}

func TestWhatWasCutShortWithTheRunIsNotRepeated(t *testing.T) {
	r := newRecorder()
	r.add(0, journal.Event{Kind: journal.RunStarted, Run: &journal.RunInfo{ID: "r1", Scenarios: 2}})
	r.add(0, journal.Event{Kind: journal.RunInterrupted, Message: "interrupted"})
	for _, name := range []string{"a", "b"} {
		r.scenario(name+".yaml", name, 1)
		r.end(name+".yaml", time.Second, journal.Result{Verdict: step.Errored, Message: "interrupted"})
	}
	r.add(0, journal.Event{Kind: journal.RunFinished, Result: &journal.Result{Verdict: step.Errored, Took: time.Second}})
	const want = `! a  errored  1 step  1.0s
  a.yaml: interrupted [errored]
  run it again: scenario-runner run a.yaml
! b  errored  1 step  1.0s
  b.yaml: interrupted [errored]
  run it again: scenario-runner run b.yaml

2 errored in 1.0s, stopped: interrupted
evidence of the run: runs/1x9k2m4abcde0
`
	if diff := cmp.Diff(want, string(rendered(t, r.events, "text", Options{}))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
