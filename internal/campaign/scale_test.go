package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// longScenario is a scenario of n steps with ids, each of which refers to one before it.
func longScenario(n int) string {
	var out strings.Builder
	out.WriteString("apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: long}\nsteps:\n  - id: s0\n    set: {n: 0}\n")
	for i := 1; i < n; i++ {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&out, "  - id: s%d\n    set: {n: \"${{ steps.s%d.n + 1 }}\"}\n", i, i-3)
		case 1:
			fmt.Fprintf(&out, "  - id: s%d\n    sleep: 0s\n", i)
		default:
			fmt.Fprintf(&out, "  - id: s%d\n    assert: steps.s%d.n == %d\n", i, i-2, (i-2)/3)
		}
	}
	return out.String()
}

func TestTenThousandSteps(t *testing.T) {
	const steps = 10_000
	env := kube.NewEnv(kube.Options{})
	defer env.Close()
	registry := builtin.New(env)
	began := time.Now()
	loaded, err := engine.Load(t.Context(), registry, []engine.Input{{Path: "long.scenario.yaml", Data: []byte(longScenario(steps))}}, scenario.Options{})
	load := time.Since(began)
	if err != nil || len(loaded.Scenarios) != 1 || loaded.Diagnostics.Err() != nil {
		t.Fatalf("%v %v", err, loaded.Diagnostics)
	}
	id := journal.NewRunID(time.Now())
	writer, err := journal.Store{Root: t.TempDir()}.Create(id, "", journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	outcome, err := run.Run(t.Context(), loaded.Scenarios, run.Options{RunID: id, Journal: writer, Undos: registry.Undos})
	took := time.Since(began)
	if err != nil || outcome.Verdict != step.Passed {
		t.Errorf("%s, %v: %v", outcome.Verdict, err, outcome.Scenarios)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d steps: loaded in %s, run in %s", steps, load.Round(time.Millisecond), took.Round(time.Millisecond))
	// The limit is wide, because machines that run tests are busy; the benches of engine measure it.
	if load > slowness*5*time.Second || took > slowness*5*time.Second {
		t.Errorf("%d steps took %s to load and %s to run; at most %s each is allowed", steps, load, took, slowness*5*time.Second)
	}
}

// usage is what the system says of a process.
type usage struct {
	cpu      time.Duration
	resident int // MB
	threads  int
}

func usageOf(t testing.TB, pid int) usage {
	t.Helper()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var u usage
	stat := read("stat")
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	u.cpu = time.Duration(user+system) * 10 * time.Millisecond // the unit is a hundredth of a second on Linux
	for line := range strings.Lines(read("status")) {
		name, value, _ := strings.Cut(line, ":")
		number, _ := strconv.Atoi(strings.Fields(value + " 0")[0])
		switch name {
		case "VmRSS":
			u.resident = number / 1024
		case "Threads":
			u.threads = number
		}
	}
	return u
}

func TestThousandWaitsCostNothing(t *testing.T) {
	const count, idle = 1000, 3 * time.Second
	g, u := newGround(t, 1), newUser(t)
	proxy := newSaboteur(t, g.kubeconfig, 1, 0)
	dir := t.TempDir()
	for i := range count {
		text := fmt.Sprintf(`apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: wait%[1]d, namespace: %[2]s}
steps:
  - id: stuck
    waitFor: {object: %[3]s/never%[1]d, until: object != nil, timeout: 10m}
`, i, g.namespaces[0], []string{"configmap", "deployment", "pod"}[i%3])
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("wait%d.scenario.yaml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, output := u.command("run", "--kubeconfig", proxy.kubeconfig, "--parallel", strconv.Itoa(count), dir)
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	u.wait("all scenarios wait", func() bool {
		waiting := 0
		for _, e := range u.events() {
			if e.Kind == journal.StepProgress {
				waiting++
			}
		}
		return waiting >= count
	})
	began, ready := time.Now(), time.Since(began)
	requests, before := proxy.requests(), usageOf(t, c.Process.Pid)
	<-time.After(idle)
	after := usageOf(t, c.Process.Pid)
	share := float64(after.cpu-before.cpu) / float64(time.Since(began))
	asked := proxy.requests() - requests
	watches := proxy.watched()
	t.Logf("%d waits after %s: %d MB, %d threads, CPU until then %s, idle %.1f %%, %d requests in %s, watches %v",
		count, ready.Round(time.Millisecond), after.resident, after.threads, before.cpu, 100*share, asked, idle, watches)
	if after.resident >= 300 || share > 0.05 || asked > 0 {
		t.Errorf("%d waits may take 300 MB, 5 %% of a CPU and no request", count)
	}
	for path, n := range watches {
		if n != 1 {
			t.Errorf("%s was watched %d times, want once", path, n)
		}
	}
	if len(watches) != 3 {
		t.Errorf("%d resources are watched, want 3", len(watches))
	}
	_ = c.Process.Signal(os.Interrupt)
	began = time.Now()
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d\n%s", code, tailOf(output.String()))
	}
	t.Logf("ended %s after the interrupt", time.Since(began).Round(time.Millisecond))
}
