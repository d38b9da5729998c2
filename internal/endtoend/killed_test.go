//go:build e2e

package endtoend

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killedStory lets LitmusChaos take memory of a real pod for as long as nobody takes it back.
const killedStory = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: killed-in-the-middle}
steps:
- deploy: {manifests: manifests/web.yaml}
- id: hog
  injectChaos:
    experiment: pod-memory-hog
    driver: litmus
    target: deployment/web
    parameters: {megabytes: 40}
    litmus: {image: "localhost/go-runner:1"}
  timeout: 2m
- sleep: {for: 10m}
- assert: steps.hog.proof == "stated"
`

// injectionTime is how long LitmusChaos may take until it says that the fault is there.
const injectionTime = 2 * time.Minute

// killedRun kills the runner while a real experiment runs, and lets cleanup take all of it back.
func (c *cluster) killedRun(t *testing.T) {
	file := c.killedScenario(t)
	var said bytes.Buffer
	run := c.command(t.Context(), "scenario-runner", "run", "--kubeconfig", c.kubeconfig, file)
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	injected := eventually(t.Context(), injectionTime, func() bool { return c.injected(t) })
	_ = run.Process.Kill()
	_ = run.Wait() // it was killed
	if !injected {
		t.Fatalf("no fault after %s\n%s", injectionTime, said.String())
	}
	if left := strings.Join(c.objects(t), "\n"); !strings.Contains(left, "ChaosEngine ") {
		t.Fatalf("there is nothing to clean up:\n%s", left)
	}
	start := time.Now()
	cleanup, err := c.command(t.Context(), "scenario-runner", "cleanup", "--all").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, cleanup)
	}
	t.Logf("cleanup took %s", time.Since(start).Round(100*time.Millisecond))
}

// killedScenario writes the story and its manifest into a folder.
func (c *cluster) killedScenario(t *testing.T) string {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(c.root, "scenarios", "real", "manifests", "web.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "killed.scenario.yaml")
	if err := os.Mkdir(filepath.Join(folder, "manifests"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{file: []byte(killedStory), filepath.Join(folder, "manifests", "web.yaml"): manifest} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}
