package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// latency measures the time from when a plain client-go watch gets an event to when the journal has the end of the wait
// that the event satisfies. Both clocks are this machine's.
func latency(ctx context.Context, box *sandbox, count int) error {
	dir, err := os.MkdirTemp("", "bench-wait")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := client(box)
	if err != nil {
		return err
	}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-wait-"}}
	if space, err = c.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = c.CoreV1().Namespaces().Delete(ctx, space.Name, metav1.DeleteOptions{}) }()
	signal := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "signal"}, Data: map[string]string{"n": "0"}}
	if _, err := c.CoreV1().ConfigMaps(space.Name).Create(ctx, signal, metav1.CreateOptions{}); err != nil {
		return err
	}
	file := filepath.Join(dir, "wait.scenario.yaml")
	if err := os.WriteFile(file, []byte(waitScenario(space.Name, count)), 0o600); err != nil {
		return err
	}
	arrived := make(chan time.Time, count+1)
	w, err := c.CoreV1().ConfigMaps(space.Name).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=signal"})
	if err != nil {
		return err
	}
	defer w.Stop()
	go func() {
		for range w.ResultChan() {
			arrived <- time.Now()
		}
	}()
	<-arrived // the object as it is
	run := exec.CommandContext(ctx, "bin/scenario-runner", "run", "--kubeconfig", box.Kubeconfig, "--run-dir", filepath.Join(dir, "run"), "--output", "quiet", file)
	run.Stderr = os.Stderr
	if err := run.Start(); err != nil {
		return err
	}
	events := map[int]time.Time{}
	for n := 1; n <= count; n++ {
		if err := stepStarted(filepath.Join(dir, "run"), n); err != nil {
			return err
		}
		patch := fmt.Sprintf(`{"data":{"n":"%d"}}`, n)
		if _, err := c.CoreV1().ConfigMaps(space.Name).Patch(ctx, "signal", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return err
		}
		events[n] = <-arrived
	}
	if err := run.Wait(); err != nil {
		return err
	}
	return printLatency(filepath.Join(dir, "run"), events)
}

func waitScenario(namespace string, count int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: wait, namespace: %s}\nsteps:\n", namespace)
	for n := 1; n <= count; n++ {
		fmt.Fprintf(&b, "  - id: w%d\n    waitFor: {object: configmap/signal, until: object.data.n == \"%d\"}\n", n, n)
	}
	return b.String()
}

// stepStarted waits until the journal shows that wait n has begun, by following the file.
func stepStarted(runDir string, n int) error {
	want := fmt.Sprintf(`"step":"w%d"`, n)
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		data, err := os.ReadFile(filepath.Join(runDir, "journal.jsonl"))
		if err == nil && strings.Contains(string(data), want) {
			return nil
		}
		if time.Now().After(deadline) {
			break
		}
	}
	return fmt.Errorf("wait %d did not start", n)
}

func printLatency(runDir string, events map[int]time.Time) error {
	j, err := journal.Read(runDir)
	if err != nil {
		return err
	}
	var took []time.Duration
	for _, e := range j.Events {
		var n int
		if _, err := fmt.Sscanf(e.Step, "w%d", &n); err == nil && e.Kind == journal.StepFinished {
			took = append(took, max(e.Time.Sub(events[n]), 0))
		}
	}
	slices.Sort(took)
	at := func(q float64) time.Duration {
		return took[min(int(q*float64(len(took))), len(took)-1)].Round(10 * time.Microsecond)
	}
	fmt.Printf("\nfrom the event to the end of the wait: %d waits, p50 %s, p90 %s, p99 %s, max %s\n",
		len(took), at(0.5), at(0.9), at(0.99), took[len(took)-1].Round(10*time.Microsecond))
	return nil
}
