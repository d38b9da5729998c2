package step

import (
	"context"
	"encoding/json"
	"fmt"
)

// Undo is a named way of taking a change back. Its argument is data, not a closure, because it is written to the
// journal before the change is made and may be carried out by another process after this one was killed.
type Undo struct {
	Name string
	// Describe says what will be done, for people: "delete namespace sr-web-4kq".
	Describe func(data json.RawMessage) string
	// Start takes the change back. Taking back a change that was never made, or twice, succeeds.
	// It must not wait for slow consequences (a namespace that terminates): that is Wait's part.
	Start func(ctx context.Context, data json.RawMessage) error
	// Wait blocks until the effect of Start is complete. Nil when there is nothing to wait for.
	Wait func(ctx context.Context, data json.RawMessage) error
}

// DefineUndo declares an undo whose data is a T. wait may be nil.
func DefineUndo[T any](name string, describe func(T) string, start, wait func(context.Context, T) error) Undo {
	call := func(f func(context.Context, T) error) func(context.Context, json.RawMessage) error {
		if f == nil {
			return nil
		}
		return func(ctx context.Context, data json.RawMessage) error {
			var v T
			if err := json.Unmarshal(data, &v); err != nil {
				return fmt.Errorf("undo %s: unreadable ledger entry: %w", name, err)
			}
			return f(ctx, v)
		}
	}
	return Undo{
		Name: name,
		Describe: func(data json.RawMessage) string {
			var v T
			if err := json.Unmarshal(data, &v); err != nil {
				return name
			}
			return describe(v)
		},
		Start: call(start),
		Wait:  call(wait),
	}
}
