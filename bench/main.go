// Command bench measures what an author waits for, which is checking files, starting and answering an editor, and then
// scenario-runner against the floor program on one sandbox: wall time, CPU, memory, API requests and the time from an
// event to the end of the wait that it satisfies. It prints, with the goals, and judges one figure only: how many files
// are checked in a second.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

var (
	scenarios = flag.Int("scenarios", 100, "scenarios of the reference job")
	nodes     = flag.Int("nodes", 20, "simulated nodes")
	parallel  = flag.String("parallel", "1,8,32", "how many scenarios at once, one measurement for each")
	rounds    = flag.Int("rounds", 1, "how often each is measured; the median is shown")
	waits     = flag.Int("waits", 200, "waits whose latency is measured")
	files     = flag.Int("files", 1000, "files that are checked")
	cluster   = flag.Bool("cluster", true, "measure also what needs a cluster")
)

func main() {
	flag.Parse()
	if err := bench(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func bench(ctx context.Context) error {
	slow := authoring(ctx)
	if !*cluster {
		return slow
	}
	return errors.Join(slow, running(ctx))
}

// running measures runs on a cluster.
func running(ctx context.Context) error {
	box, err := startSandbox()
	if err != nil {
		return err
	}
	defer box.stop()
	fmt.Printf("\nsandbox with %d nodes, ready after %d ms\n\n", *nodes, box.StartupMillis)
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeScenarios(dir, *scenarios); err != nil {
		return err
	}
	if err := referenceJob(ctx, box, dir); err != nil {
		return err
	}
	return latency(ctx, box, *waits)
}

// sandbox is a sandbox that lives as long as this program.
type sandbox struct {
	Kubeconfig    string `json:"kubeconfig"`
	StartupMillis int    `json:"startupMillis"`
	stop          func()
}

func startSandbox() (*sandbox, error) {
	c := exec.Command("bin/scenario-runner-sandbox", "serve", "--parent-stdin", "--nodes", strconv.Itoa(*nodes))
	input, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the sandbox did not come up: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	s := &sandbox{stop: func() { _ = input.Close(); _ = c.Wait() }}
	return s, json.Unmarshal(line, s)
}

const scenarioText = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: job-%03d}
steps:
  - deploy:
      inline:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: "on"}}
        - apiVersion: apps/v1
          kind: Deployment
          metadata: {name: web}
          spec:
            replicas: 2
            selector: {matchLabels: {app: web}}
            template:
              metadata: {labels: {app: web}}
              spec: {containers: [{name: app, image: "example.com/app:1"}]}
  - patch: {object: deployment/web, patch: {spec: {replicas: 4}}}
  - waitFor: {object: deployment/web, until: "object.status?.availableReplicas == 4"}
  - assert:
      given: {settings: {object: configmap/settings}}
      that: settings.data.mode == "on"
`

func writeScenarios(dir string, n int) error {
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("job-%03d.scenario.yaml", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, scenarioText, i), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// figures is what one measurement gives.
type figures struct {
	wall, cpu time.Duration
	memory    int64 // bytes, peak
	requests  int
}

func referenceJob(ctx context.Context, box *sandbox, dir string) error {
	fmt.Printf("reference job: %d scenarios\n", *scenarios)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "parallel\t\twall\tcpu\tmemory\trequests\twall ratio\tcpu ratio\tmore requests per scenario\t")
	for _, p := range strings.Split(*parallel, ",") {
		var floors, runners []figures
		for range *rounds {
			floor, err := measure(ctx, box, "bin/bench-floor", "--scenarios", strconv.Itoa(*scenarios), "--parallel", p)
			if err != nil {
				return err
			}
			state, err := os.MkdirTemp("", "bench-state")
			if err != nil {
				return err
			}
			runner, err := measure(ctx, box, "bin/scenario-runner", "run", "--kubeconfig", box.Kubeconfig, "--parallel", p,
				"--run-dir", filepath.Join(state, "run"), "--output", "quiet", dir)
			if err != nil {
				return err
			}
			_ = os.RemoveAll(state)
			floors, runners = append(floors, floor), append(runners, runner)
		}
		f, r := median(floors), median(runners)
		print1(table, p, "floor", f)
		fmt.Fprintln(table, "\t\t\t")
		print1(table, p, "scenario-runner", r)
		fmt.Fprintf(table, "%.2f\t%.2f\t%+.2f\t\n", r.wall.Seconds()/f.wall.Seconds(), r.cpu.Seconds()/f.cpu.Seconds(),
			float64(r.requests-f.requests)/float64(*scenarios))
	}
	return table.Flush()
}

func print1(w io.Writer, parallel, name string, f figures) {
	fmt.Fprintf(w, "%s\t%s\t%.2fs\t%.2fs\t%d MB\t%d\t", parallel, name, f.wall.Seconds(), f.cpu.Seconds(), f.memory>>20, f.requests)
}

// median returns each figure's median over the rounds.
func median(all []figures) figures {
	return figures{
		wall:     middle(all, func(f figures) time.Duration { return f.wall }),
		cpu:      middle(all, func(f figures) time.Duration { return f.cpu }),
		memory:   middle(all, func(f figures) int64 { return f.memory }),
		requests: middle(all, func(f figures) int { return f.requests }),
	}
}

// measure runs a program to its end and counts its requests.
func measure(ctx context.Context, box *sandbox, program string, args ...string) (figures, error) {
	before, err := requests(ctx, box)
	if err != nil {
		return figures{}, err
	}
	f, err := execute(ctx, []string{"KUBECONFIG=" + box.Kubeconfig}, program, args...)
	if err != nil {
		return figures{}, err
	}
	after, err := requests(ctx, box)
	f.requests = after - before
	return f, err
}

// execute runs a program to its end.
func execute(ctx context.Context, environment []string, program string, args ...string) (figures, error) {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = append(os.Environ(), environment...)
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	started := time.Now()
	if err := c.Run(); err != nil {
		return figures{}, fmt.Errorf("%s: %w\n%s", program, err, output.String())
	}
	f := figures{wall: time.Since(started), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.memory = usage.Maxrss << 10
	}
	return f, nil
}
