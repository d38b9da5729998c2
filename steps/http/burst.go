package http

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	mostRequests  = 10_000 // what needs more is a load test
	usualParallel = 10
)

func checkBurst(c *Config, p *step.Problems) {
	if p.Given("count") && !p.Dynamic("count") && (c.Count < 1 || c.Count > mostRequests) {
		p.At("count", "expected 1 to %d, found %d; loadTest sends more", mostRequests, c.Count)
	}
	if p.Given("count") && c.Until.IsSet() {
		p.At("count", "count means nothing beside until, which looks at one answer at a time")
	}
	if p.Given("parallel") && !p.Given("count") {
		p.At("parallel", "parallel means nothing without count")
	}
	if p.Given("parallel") && !p.Dynamic("parallel") && c.Parallel < 1 {
		p.At("parallel", "expected 1 or more, found %d", c.Parallel)
	}
}

// got is one request of many.
type got struct {
	response *web.Response
	sent     int
	err      error
}

// burst sends the request count times.
func (x *exchange) burst(ctx context.Context) error {
	all := x.sendAll(ctx)
	o := &x.outputs
	o.Statuses = map[string]int{}
	var lost error
	for _, g := range all {
		o.Attempts += g.sent
		if g.err != nil {
			o.Lost++
			lost = first(lost, g.err)
			continue
		}
		o.Statuses[fmt.Sprint(g.response.Status)]++
		x.take(g.response)
	}
	switch {
	case ctx.Err() != nil && step.Interrupted(ctx):
		return ctx.Err()
	case lost != nil:
		return fmt.Errorf("%d of %s got no answer%s; the first of them: %w", o.Lost, requests(len(all)), x.tally(), lost)
	}
	return x.judgeAll(all)
}

func first(kept, err error) error {
	if kept != nil {
		return kept
	}
	return err
}

// tally says how many answers had which status.
func (x *exchange) tally() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(x.outputs.Statuses)) {
		parts = append(parts, fmt.Sprintf("%d were answered with %s", x.outputs.Statuses[status], status))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, ", ")
}

// sendAll returns what came of each request, in the order in which they were sent.
func (x *exchange) sendAll(ctx context.Context) []got {
	all := make([]got, x.config.Count)
	next := make(chan int)
	parallel := x.config.Parallel
	if parallel == 0 {
		parallel = usualParallel
	}
	var workers sync.WaitGroup
	for range min(parallel, len(all)) {
		workers.Go(func() {
			for i := range next {
				response, sent, err := x.send(ctx)
				all[i] = got{response, sent, err}
			}
		})
	}
	for i := range all {
		next <- i
		x.run.Progress("sent %d of %d requests to %s", i+1, len(all), x.name())
	}
	close(next)
	workers.Wait()
	return all
}

// judgeAll judges every answer and tells of the first that is not as expected.
func (x *exchange) judgeAll(all []got) error {
	wrong, verdict := 0, error(nil)
	last := x.last
	for _, g := range all {
		x.last = g.response
		if err := x.judge(); err != nil {
			wrong++
			verdict = first(verdict, err)
		}
	}
	x.last = last
	if wrong == 0 {
		return nil
	}
	if f, ok := verdict.(*step.Failure); ok { //nolint:errorlint // judge returns it itself
		f.Message = fmt.Sprintf("%d of %d answers are not as expected; the first of them: %s", wrong, len(all), f.Message)
	}
	return verdict
}
