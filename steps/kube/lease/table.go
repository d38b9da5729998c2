package lease

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// record is one claim as its Lease tells it.
type record struct {
	name     string // of the Lease
	uid      string
	version  string
	ticket   string // resource version at its creation: its place in the queue
	owner    string // id of the scenario, which is unique
	scenario string // name of the scenario
	holder   string // who runs it: "run 7 of ann@ci (process 12)"
	names    []string
	duration time.Duration
}

// before reports whether r was there before other.
func (r record) before(other record) bool {
	order, err := resourceversion.CompareResourceVersion(r.ticket, other.ticket)
	return err == nil && order < 0
}

// table is the claims on a cluster at one time.
type table []record

// obstacles returns the claims of other scenarios that stand before r, the earliest first.
func (t table) obstacles(r record) []record {
	var out []record
	for _, other := range t {
		if other.owner != r.owner && other.before(r) && step.Conflict(r.names, other.names) != "" {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, func(a, b record) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return out
}

// circle returns the claim whose owner waits, directly or over others, for the owner of r, if r waits for it: then nobody would
// ever go on. The latest claim of a circle sees all others, so it is enough that each looks once.
func (t table) circle(r record) (record, bool) {
	for _, other := range t.obstacles(r) {
		if t.leadsTo(other.owner, r.owner, map[string]bool{}) {
			return other, true
		}
	}
	return record{}, false
}

func (t table) leadsTo(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, r := range t {
		if r.owner == from && slices.ContainsFunc(t.obstacles(r), func(other record) bool { return t.leadsTo(other.owner, to, seen) }) {
			return true
		}
	}
	return false
}

// find returns the record of a Lease, as long as it is the same one.
func (t table) find(r record) (record, bool) {
	i := slices.IndexFunc(t, func(other record) bool { return other.uid == r.uid })
	if i < 0 {
		return record{}, false
	}
	return t[i], true
}
