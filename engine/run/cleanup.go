package run

import (
	"context"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// cleanUp takes back what the scenario did, and lets it do no more. It returns a function that waits until that is complete
// and returns what could not be taken back, newest first.
func (x *execution) cleanUp() func() []string { return x.takeBack(x.ledger.seal()) }

// mend takes back what was broken on purpose, and waits for it: after an abort no finally block is worth a fault that
// still stands. What can't be taken back is tried again at the end.
func (x *execution) mend() {
	if x.aborted {
		x.takeBack(x.ledger.faults())()
	}
}

// takeBack starts the undos, each in spite of the failure of others. It returns a function that waits until their effect
// is complete and returns what could not be taken back.
//
// All are started before the first is waited for, and the waiting may go on while the next scenario runs: a namespace
// takes seconds to go, and doing that one by one would be most of a run.
func (x *execution) takeBack(entries []*entry) func() []string {
	left := make([]string, len(entries))
	if x.run.options.Cleanup == CleanupKeep {
		for i, e := range entries {
			left[i] = e.info.Describe
		}
		return func() []string { return left }
	}
	gives := make([]func(), len(entries))
	for i, e := range entries {
		gives[i], left[i] = e.startLast(x.run.cleanup, x.run.options)
	}
	return func() []string {
		var waits sync.WaitGroup
		for i, e := range entries {
			if gives[i] != nil {
				waits.Go(func() { left[i] = e.waitLast(x.run.cleanup, x.run.options, gives[i]) })
			}
		}
		waits.Wait()
		return compact(left)
	}
}

// startLast starts the undo at the end of the scenario. It returns what is left behind, or how to give the entry back
// after waiting.
func (e *entry) startLast(ctx context.Context, o Options) (give func(), left string) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.CleanupTimeout, undoTimeout(o.CleanupTimeout))
	defer cancel()
	give, err := e.take(ctx)
	if err != nil {
		return nil, e.leftBecause(err)
	}
	if e.closed {
		give()
		return nil, ""
	}
	if s := stopOf(ctx); s != nil {
		err = e.report(s)
	} else {
		err = e.start(ctx)
	}
	if err != nil {
		give()
		return nil, e.leftBecause(err)
	}
	return give, ""
}

// waitLast waits for the effect and returns what is left behind.
func (e *entry) waitLast(ctx context.Context, o Options, give func()) string {
	defer give()
	ctx, cancel := context.WithTimeoutCause(ctx, o.CleanupTimeout, undoTimeout(o.CleanupTimeout))
	defer cancel()
	if err := e.wait(ctx); err != nil {
		return e.leftBecause(err)
	}
	return ""
}

func (e *entry) leftBecause(err error) string { return e.info.Describe + ": " + err.Error() }

func compact(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// reportCleaned says that nothing more will be taken back.
func (x *execution) reportCleaned(r journal.Result) {
	e := x.event(journal.ScenarioCleaned)
	e.Attempt = x.attempt
	e.Result = &r
	x.run.emit(e)
}
