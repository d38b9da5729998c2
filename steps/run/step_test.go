package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

type clusters struct{}

func (clusters) ProcessEnvironment(context.Context, *step.Run) ([]string, error) {
	return []string{"KUBECONFIG=/kube/config", "SCENARIO_NAMESPACE=shop"}, nil
}

func use(t *testing.T) (steptest.Use, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t, Undos()...)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	return steptest.Use{Definition: define(clusters{}), Run: &step.Run{
		Host: host, Scope: eval.Scope{"vars": map[string]any{"text": "a b; exit 1"}},
		Scenario: step.Scenario{ID: "sr-test", Dir: dir},
	}}, host
}

func TestPrograms(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want map[string]any
	}{
		"script": {"echo out; echo err >&2", map[string]any{
			"exitCode": 0, "stdout": "out", "stderr": "err", "json": nil, "truncated": false,
		}},
		"json": {`{command: [echo, '{"a": [1, 2.5, true, "x"], "b": null}']}`, map[string]any{
			"exitCode": 0, "stdout": `{"a": [1, 2.5, true, "x"], "b": null}`, "stderr": "", "truncated": false,
			"json": map[string]any{"a": []any{1, 2.5, true, "x"}, "b": nil},
		}},
		"two documents are no JSON": {`{command: [echo, "1 2"]}`, map[string]any{
			"exitCode": 0, "stdout": "1 2", "stderr": "", "json": nil, "truncated": false,
		}},
		"a value is no script": {`{command: [echo, "${{ vars.text }}"]}`, map[string]any{
			"exitCode": 0, "stdout": "a b; exit 1", "stderr": "", "json": nil, "truncated": false,
		}},
		"expected exit code": {"{script: exit 3, exitCodes: 3}", map[string]any{
			"exitCode": 3, "stdout": "", "stderr": "", "json": nil, "truncated": false,
		}},
		"input, folder, environment": {"{script: 'cat; basename $PWD; echo $A $KUBECONFIG $SCENARIO_NAMESPACE', stdin: \"in\\n\", dir: sub, env: {A: b}, kubeconfig: true}", map[string]any{
			"exitCode": 0, "stdout": "in\nsub\nb /kube/config shop", "stderr": "", "json": nil, "truncated": false,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := use(t)
			got, err := u.Do(t.Context(), t, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("outputs (-want +got):\n%s", d)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		verdict step.Verdict
		want    string
		lines   []string
	}{
		"exit code":      {"{script: \"echo one; echo two >&2; exit 4\", exitCodes: [0, 2]}", step.Failed, "the script exited with code 4; expected 0 or 2", []string{"one", "two"}},
		"stops at once":  {"{script: \"false\\necho never\"}", step.Failed, "the script exited with code 1", nil},
		"signal":         {"{script: \"kill -9 $$\"}", step.Failed, "the script was ended by the signal SIGKILL", nil},
		"no program":     {"{command: no-such-program}", step.Errored, `program "no-such-program" was found neither on PATH nor beside scenario-runner`, nil},
		"outside folder": {"{script: pwd, dir: ..}", step.Errored, `dir "..": is outside the scenario's folder; paths in a scenario stay inside it`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := use(t)
			_, err := u.Do(t.Context(), t, c.body)
			if err == nil || err.Error() != c.want || step.VerdictOf(err) != c.verdict {
				t.Fatalf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), c.want, c.verdict)
			}
			if f, ok := errors.AsType[*step.Failure](err); ok && c.lines != nil {
				if len(f.Sections) != 1 || !sameLines(c.lines, f.Sections[0].Lines) {
					t.Errorf("sections are %+v, want the lines %q", f.Sections, c.lines)
				}
			}
		})
	}
}

// sameLines compares without order: the two streams of a program reach us by two pipes.
func sameLines(want, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for _, line := range want {
		if !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+line+"\n") {
			return false
		}
	}
	return true
}

func TestTimeoutKillsEverything(t *testing.T) {
	u, host := use(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ready := make(chan string, 1)
	host.OnProgress = func(text string) {
		ready <- text
	}
	short, stop := context.WithTimeout(ctx, 400*time.Millisecond)
	defer stop()
	_, err := u.Do(short, t, "sleep 300 & echo child $!; wait")
	const want = "the script did not end in time and was killed; its last line: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || step.VerdictOf(err) != step.Failed {
		t.Fatalf("got %v (%s), want %s… (failed)", err, step.VerdictOf(err), want)
	}
	var pid int
	if _, err := fmt.Sscanf(<-ready, "child %d", &pid); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil && running(pid) {
		pause(ctx)
	}
	if ctx.Err() != nil {
		t.Error("the program's child still runs")
	}
}

func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func pause(ctx context.Context) {
	timer := time.NewTimer(5 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func TestCancelIsNoVerdict(t *testing.T) {
	u, host := use(t)
	ctx, cancel := context.WithCancel(t.Context())
	host.OnProgress = func(string) { cancel() }
	start := time.Now()
	_, err := u.Do(ctx, t, "echo go; sleep 300")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

func TestLongOutputKeepsItsEnd(t *testing.T) {
	u, host := use(t)
	out, err := u.Do(t.Context(), t, "head -c 9000000 /dev/zero | tr '\\0' x; echo end")
	if err != nil {
		t.Fatal(err)
	}
	text := out["stdout"].(string)
	if out["truncated"] != true || len(text) != keptOutput-1 || !strings.HasSuffix(text, "xend") {
		t.Errorf("truncated %v, %d bytes, ends with %q", out["truncated"], len(text), text[len(text)-4:])
	}
	if n := len(host.Attached("output.log")); n != keptOutput {
		t.Errorf("attached %d bytes, want %d", n, keptOutput)
	}
	if d := cmp.Diff([]string{"end the script"}, host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"neither": {"{env: {A: b}}", "step.yaml:1:1: run needs one of script, command [missing-field]"},
		"both":    {"{script: a, command: b}", `step.yaml:1:13: only one of script, command can be given; "script" is given already [exclusive-fields]`},
		"shell":   {"{command: ls > x}", `step.yaml:1:11: command "ls > x": '>' means something to a shell, but no shell reads this; quote it, write the command as a list, or use run with a script [invalid-value]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: define(clusters{})}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
