package injectchaos

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// tally is what all faults of a run hit at this moment.
type tally struct {
	mu   sync.Mutex
	hits []*hits
}

type tallyKey struct{}

// hits are the pods and nodes that one fault hits.
type hits struct {
	tally       *tally
	scenario    string
	pods, nodes int
}

// add counts what a fault is about to hit, unless that would be too much at once.
func (t *tally) add(more *hits, policy *settings.Policy, safety step.Safety) (*hits, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all, own hits
	for _, h := range t.hits {
		all.pods, all.nodes = all.pods+h.pods, all.nodes+h.nodes
		if h.scenario == more.scenario {
			own.pods, own.nodes = own.pods+h.pods, own.nodes+h.nodes
		}
	}
	for _, limit := range []limit{
		{"pods", "maxPods", more.pods, all.pods, policy.MaxPods, true},
		{"nodes", "maxNodes", more.nodes, all.nodes, policy.MaxNodes, true},
		{"pods", "maxPods", more.pods, own.pods, safety.MaxPods, false},
		{"nodes", "maxNodes", more.nodes, own.nodes, safety.MaxNodes, false},
	} {
		if err := limit.check(); err != nil {
			return nil, err
		}
	}
	more.tally = t
	t.hits = append(t.hits, more)
	return more, nil
}

// release says that the fault is over.
func (h *hits) release() {
	h.tally.mu.Lock()
	defer h.tally.mu.Unlock()
	kept := h.tally.hits[:0]
	for _, other := range h.tally.hits {
		if other != h {
			kept = append(kept, other)
		}
	}
	h.tally.hits = kept
}

// limit is one demand on how much is hit at once.
type limit struct {
	things, field      string
	more, already, max int
	policy             bool // who demands it: the policy, or the scenario
}

func (l limit) check() error {
	if l.max == 0 || l.more == 0 || l.more+l.already <= l.max {
		return nil
	}
	what := []string{fmt.Sprintf("hitting %d %s", l.more, l.things)}
	if l.already > 0 {
		what = append(what, fmt.Sprintf("while other faults hit %d already", l.already))
	}
	why := fmt.Sprintf("is more than the scenario's safety.%s of %d allows; choose fewer with count or percent", l.field, l.max)
	if l.policy {
		why = fmt.Sprintf("is not allowed by the policy, whose %s is %d; choose fewer, or have the policy changed", l.field, l.max)
	}
	return &settings.Refusal{What: strings.Join(what, " "), Why: why}
}

// settle ends the count of what was hit: now, when the fault is over, or else with the scenario, which takes it back.
func (h *hits) settle(run *step.Run, over bool) {
	if over {
		h.release()
		return
	}
	run.Host.Service("limits of chaos", func(ctx context.Context) error {
		<-ctx.Done()
		h.release()
		return nil
	})
}
