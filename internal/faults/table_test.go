package faults

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

var update = flag.Bool("update", false, "write docs/faults.md anew")

const page = "../../docs/faults.md"

// secret is what every step is given to log in with, and nobody may ever see.
const secret = "hunter-2-hunter-22"

const introduction = `# When a server fails

What the steps that talk to servers say when a server fails, and how they judge. *failed* means that the claim of the step is false;
*errored* that it could not be found out. No message holds the secret that each of the steps was given: a test makes each fault
really happen, compares the message word for word with this page, and looks for the secret. URL and ADDRESS stand for those of the server.

| fault | what happens |
|---|---|
| away | nobody listens at the address |
| gone midway | the connection breaks, or the server is killed, while it is asked |
| slow | the connection stands and nothing comes back in time |
| stranger | the server's certificate is signed by nobody who is trusted |
| garbage | something answers that is no such server |
| refused | the password, token or user is not accepted |
`

// row is what one step makes of one fault.
type row struct {
	step, fault, verdict, message string
}

// table collects the rows of all tests of the package.
type table struct {
	mu   sync.Mutex
	rows []row
}

// add notes what a step made of a fault. What differs from run to run is replaced by its name.
func (a *table) add(t *testing.T, step_, fault string, host *steptest.Host, err error, replace ...string) {
	t.Helper()
	r := row{step: step_, fault: fault, verdict: "passed"}
	if errors.Is(err, context.DeadlineExceeded) && err.Error() == context.DeadlineExceeded.Error() {
		err = timedOut(host)
	}
	if err != nil {
		r.verdict = string(step.VerdictOf(err))
		r.message = err.Error()
		if failure, ok := errors.AsType[*step.Failure](err); ok {
			r.message += evidence(failure)
		}
		r.message = span.ReplaceAllString(strings.NewReplacer(replace...).Replace(r.message), "SOME TIME")
	}
	if strings.Contains(r.message, secret) {
		t.Errorf("%s, %s: the message shows the secret: %s", step_, fault, r.message)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rows = append(a.rows, r)
}

// timedOut is what the engine says of a step whose time was over.
func timedOut(host *steptest.Host) error {
	if seen := host.Seen(); len(seen) > 0 {
		return fmt.Errorf("timed out; last seen: %s", seen[len(seen)-1])
	}
	return errors.New("timed out")
}

// span is how long the tests let a step wait, more or less.
var span = regexp.MustCompile(`\b1\.\d+s\b`)

// evidence is what is shown below the message when that does not say why nobody answered.
func evidence(f *step.Failure) string {
	for _, section := range f.Sections {
		if strings.HasSuffix(section.Title, "no answer") {
			return "; below it: " + section.Title + ": " + strings.Join(section.Lines, " ")
		}
	}
	return ""
}

// text writes the page.
func (a *table) text() string {
	var b strings.Builder
	b.WriteString(introduction)
	order := faultNames()
	slices.SortStableFunc(a.rows, func(x, y row) int {
		return cmp.Or(strings.Compare(x.step, y.step), slices.Index(order, x.fault)-slices.Index(order, y.fault))
	})
	last := ""
	for _, r := range a.rows {
		if r.step != last {
			fmt.Fprintf(&b, "\n## %s\n\n| fault | verdict | message |\n|---|---|---|\n", r.step)
			last = r.step
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.fault, r.verdict, cmp.Or(escaped(r.message), "the status of the answer is all that it asks for"))
	}
	return b.String()
}

// escaped keeps a message from being read as Markdown.
func escaped(message string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "\n", " ").Replace(message)
}

func faultNames() []string {
	return []string{"away", "gone midway", "slow", "stranger", "garbage", "refused"}
}

// TestWhatStepsSay makes every fault happen to every step, and compares what is said with the page.
func TestWhatStepsSay(t *testing.T) {
	all := &table{}
	t.Run("http", func(t *testing.T) { overHTTP(t, all) })
	t.Run("postgres", func(t *testing.T) { inDatabases(t, all) })
	t.Run("cluster", func(t *testing.T) { inClusters(t, all) })
	if t.Failed() {
		return
	}
	got := all.text()
	for _, r := range all.rows {
		if r.verdict == "passed" && r.fault != "garbage" { // where the status is all that counts
			t.Errorf("%s passes although its server is %s", r.step, r.fault)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil { //nolint:gosec // documentation
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(want), got); d != "" {
		t.Errorf("docs/faults.md says something else (-page +now); run with -update when this is right:\n%s", d)
	}
}
