package waitfor

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// BenchmarkLatency measures from the arrival of the answer to a write of somebody else, whom the watch hub does not
// know, until a step that waited for it has ended. Negative times are possible: the watch may be quicker than the answer.
func BenchmarkLatency(b *testing.B) {
	c := kubetest.New(b)
	c.Apply(b, settings("state", "phase", "0"))
	writer := kube.NewEnv(kube.Options{Kubeconfig: c.Kubeconfig})
	b.Cleanup(writer.Close)
	cluster, err := writer.Cluster(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	path := "/api/v1/namespaces/" + c.Target.Namespace + "/configmaps/state"
	u := use(c)
	waiting := make(chan struct{}, 1)
	c.Host.OnProgress = func(string) {
		select {
		case waiting <- struct{}{}:
		default:
		}
	}
	requests := requestsOf(c)
	var took []time.Duration
	for n := 1; b.Loop(); n++ {
		written := make(chan time.Time, 1)
		go func() {
			<-waiting
			_, err := cluster.Do(b.Context(), client.Request{
				Method: http.MethodPatch, Path: path, ContentType: "application/merge-patch+json", Body: fmt.Appendf(nil, `{"data":{"phase":"%d"}}`, n),
			})
			if err != nil {
				b.Error(err)
			}
			written <- time.Now()
		}()
		_, err := u.Do(b.Context(), b, fmt.Sprintf(`{object: configmap/state, until: object.data.phase == "%d"}`, n))
		end := time.Now()
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, end.Sub(<-written))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
	b.ReportMetric(float64(requestsOf(c)-requests)/float64(len(took)), "requests/wait")
}

func requestsOf(c *kubetest.Cluster) (n int64) {
	for _, s := range c.Env.Stats() {
		n += s.Requests
	}
	return n
}
