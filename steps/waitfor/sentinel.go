package waitfor

import (
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

const (
	// everyState is the value of tolerate for all states.
	everyState = "all"
	// settle is how long the condition may still be met by the very change that makes further waiting senseless: the
	// author may have waited for just that state.
	settle = 250 * time.Millisecond
)

// givenUp is the cause of a watch that was ended because waiting can't help any more.
type givenUp struct{ finding *explain.Finding }

// Error says what was found.
func (g *givenUp) Error() string { return g.finding.String() }

// states lists what tolerate may name.
func states() []string {
	names := []string{everyState}
	for _, reason := range ready.Terminal() {
		names = append(names, string(reason))
	}
	return names
}

// guard starts to look for states that waiting can't heal, once it is clear that there is something to wait for. Who
// waits for things to vanish does not mind in which state they are.
func (w *wait) guard() {
	if w.guarded || w.c.Absent || slices.Contains(w.c.Tolerate, everyState) || w.c.Traits().Lists && !w.c.Ready {
		return
	}
	w.guarded = true
	var tolerate []ready.Reason
	for _, name := range w.c.Tolerate {
		tolerate = append(tolerate, ready.Reason(name))
	}
	w.sentinel.Go(func() {
		finding, err := w.subject.Hopeless(w.ctx, tolerate)
		if finding == nil || err != nil || client.Wait(w.ctx, settle) != nil {
			return // the watch beside this one meets the same error and reports it
		}
		w.stop(&givenUp{finding})
	})
}
