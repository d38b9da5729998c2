package watch_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/kube/internal/fakeapi"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// BenchmarkThousandWaiters has 1,000 waiters on one hub, each for an object of its own, and measures the time from the
// change on the server to the callback, the memory of the waiters and the processor time while nothing happens.
func BenchmarkThousandWaiters(b *testing.B) {
	const waiters = 1000
	server := fakeapi.New(b)
	for i := range waiters {
		server.Put("shop", name(i), v("0"))
	}
	hub := watch.NewHub(server.Client(b, hurried), watch.Options{})
	b.Cleanup(hub.Close)
	before := heap()
	arrived := make(chan time.Time, 1)
	var ready, running sync.WaitGroup
	ready.Add(waiters)
	for i := range waiters {
		running.Go(func() {
			first := true
			err := hub.Watch(b.Context(), query("shop", name(i)), func(shot watch.Snapshot) (bool, error) {
				switch {
				case first:
					first = false
					ready.Done()
				case value(shot.Object) == "end":
					return true, nil
				default:
					arrived <- time.Now()
				}
				return false, nil
			})
			if err != nil {
				b.Error(err)
			}
		})
	}
	ready.Wait()
	used := heap() - before
	idle := idleCPU(b)
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		server.Put("shop", name(n%waiters), v(fmt.Sprint(n)))
		took = append(took, (<-arrived).Sub(began))
	}
	for i := range waiters {
		server.Put("shop", name(i), v("end"))
	}
	running.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(used)/(1<<20), "MiB")
	b.ReportMetric(float64(idle.Microseconds()), "idle-cpu-µs/s")
	b.ReportMetric(float64(hub.Stats().Opened), "watches")
}

func name(i int) string { return fmt.Sprintf("web-%04d", i) }

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// idleCPU is the processor time that the process uses in a second in which nothing happens.
func idleCPU(b *testing.B) time.Duration {
	b.Helper()
	var from, to syscall.Rusage
	timer := time.NewTimer(time.Second)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &from); err != nil {
		b.Fatal(err)
	}
	<-timer.C
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &to); err != nil {
		b.Fatal(err)
	}
	return time.Duration(to.Utime.Nano() - from.Utime.Nano() + to.Stime.Nano() - from.Stime.Nano())
}
