package step

import (
	"context"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/glob"
)

// Locker keeps other runs off what the scenarios of this one claim. Within a run the engine does that by itself.
type Locker interface {
	// Lock waits until no other run holds any of the names, and keeps others from them until unlock is called, which waits
	// until they may be taken again. unlock is nil when there was nothing to keep.
	Lock(ctx context.Context, claim Claim) (unlock func(ctx context.Context) error, err error)
}

// Claim is what a scenario wants for itself.
type Claim struct {
	Scenario Scenario
	Names    []string // such as "node/worker-1"; * stands for any text, and a name means all that is under it
	// Record writes how another process gives the lock back, and returns once that is durable.
	Record func(ctx context.Context, undo string, data any) (Entry, error)
	Waits  func(text string) // is told what is waited for: "waits for lock node/worker-1 held by …"
	Lost   func(why string)  // is called when the lock is no longer held although nobody gave it back
}

// Conflict returns a name of the first that can mean something that the second means too, "" when there is none.
func Conflict(first, second []string) string {
	for _, a := range first {
		if slices.ContainsFunc(second, func(b string) bool { return overlap(a, b) }) {
			return a
		}
	}
	return ""
}

// overlap reports whether two names can mean the same. Names are paths: one means all that is under it too. Of two patterns
// the fixed beginnings decide.
func overlap(a, b string) bool {
	if strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") {
		return true
	}
	headA, _, patternA := strings.Cut(a, "*")
	headB, _, patternB := strings.Cut(b, "*")
	if patternA && patternB {
		return strings.HasPrefix(headA, headB) || strings.HasPrefix(headB, headA)
	}
	return glob.Match(a, b) || glob.Match(b, a)
}
