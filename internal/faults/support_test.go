package faults

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// within returns a context that ends as that of a step does which times out: soon for the faults that steps wait out.
func within(t *testing.T, fault string) context.Context {
	t.Helper()
	limit := 20 * time.Second
	if fault == "slow" || fault == "gone midway" {
		limit = 1500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// forgiving returns undos that do nothing: the servers of these tests fail at that as well.
func forgiving(undos []step.Undo) []step.Undo {
	out := make([]step.Undo, len(undos))
	for i, undo := range undos {
		undo.Start, undo.Wait = func(context.Context, json.RawMessage) error { return nil }, nil
		out[i] = undo
	}
	return out
}

// quiet returns a log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
