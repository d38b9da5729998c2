package kube_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// BenchmarkReferenceJob does the reference job: each iteration is one scenario with a namespace of its own, a config map
// and a deployment that is scaled from 2 to 4. Namespaces are removed in the background and waited for at the end.
func BenchmarkReferenceJob(b *testing.B) {
	for _, parallel := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("parallel=%d", parallel), func(b *testing.B) { referenceJobs(b, parallel) })
	}
}

func referenceJobs(b *testing.B, parallel int) {
	env := kube.NewEnv(kube.Options{Kubeconfig: kubetest.Kubeconfig(b), CacheDir: b.TempDir()})
	defer env.Close()
	host := steptest.NewHost(b, env.Undos()...)
	slots := make(chan struct{}, parallel)
	var working, cleaning sync.WaitGroup
	began, cpu := time.Now(), processorTime(b)
	for n := 0; b.Loop(); n++ {
		slots <- struct{}{}
		working.Go(func() {
			scenario := &ledger{}
			id := fmt.Sprintf("sr-bench-%d-%d-%d", parallel, began.UnixNano()%1e9, n)
			run := &step.Run{Host: scenario, Scenario: step.Scenario{RunID: "bench", ID: id, Namespace: id, Owned: true}}
			if err := referenceJob(b, env, run); err != nil {
				b.Error(err)
			}
			for _, entry := range scenario.entries {
				open, err := host.Record(b.Context(), entry.undo, entry.data)
				if err != nil {
					b.Error(err)
				}
				cleaning.Go(func() {
					if err := open.Undo(b.Context()); err != nil {
						b.Error(err)
					}
				})
			}
			<-slots
		})
	}
	working.Wait()
	worked := time.Since(began)
	cleaning.Wait()
	stats := env.Stats()[0]
	b.ReportMetric(float64(worked.Milliseconds())/float64(b.N), "work-ms/op")
	b.ReportMetric(float64(time.Since(began).Milliseconds())/float64(b.N), "wall-ms/op")
	b.ReportMetric(float64((processorTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(stats.Requests)/float64(b.N), "requests/op")
	b.ReportMetric(float64(stats.Watch.Opened), "watches")
}

func referenceJob(b *testing.B, env *kube.Env, run *step.Run) error {
	target, err := env.Target(b.Context(), run)
	if err != nil {
		return err
	}
	for _, manifest := range []string{configMap, deployment} {
		if _, err := target.Apply(b.Context(), kubetest.Object(b, manifest), kube.Change{}); err != nil {
			return err
		}
	}
	available := func(n int64) error {
		return target.WatchRef(b.Context(), ref(b, "deployment/web"), func(shot kube.Snapshot) (bool, error) {
			return number(shot.Object, "status", "availableReplicas") == n, nil
		})
	}
	if err := available(2); err != nil {
		return err
	}
	patch := kube.Patch{Body: map[string]any{"spec": map[string]any{"replicas": 4}}}
	if _, err := target.Patch(b.Context(), ref(b, "deployment/web"), patch); err != nil {
		return err
	}
	if err := available(4); err != nil {
		return err
	}
	var object *unstructured.Unstructured
	if object, err = target.Get(b.Context(), ref(b, "configmap/settings")); err != nil {
		return err
	}
	if color := text(object, "data", "color"); color != "blue" {
		return fmt.Errorf("color is %q", color)
	}
	return nil
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
