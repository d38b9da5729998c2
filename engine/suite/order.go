package suite

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// Arrange returns scenarios in the order of the suite. took says how long they took in earlier runs, by name; seed is
// what a random order is drawn from.
func (s *Suite) Arrange(scenarios []*scenario.Scenario, took map[string]time.Duration, seed uint64) []*scenario.Scenario {
	out := slices.Clone(scenarios)
	switch s.Order {
	case ByName:
		slices.SortStableFunc(out, func(a, b *scenario.Scenario) int { return strings.Compare(a.Name, b.Name) })
	case Random:
		rand.New(rand.NewPCG(seed, seed)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }) //nolint:gosec // an order is no secret
	case SlowestFirst:
		slices.SortStableFunc(out, func(a, b *scenario.Scenario) int {
			first, knownA := took[a.Name]
			second, knownB := took[b.Name]
			if knownA != knownB { // what nobody knows may be the slowest
				return cmp.Compare(rank(knownA), rank(knownB))
			}
			return cmp.Compare(second, first)
		})
	}
	return out
}

// RandomSeed returns the seed that the suite gives, 0 when it gives none.
func (s *Suite) RandomSeed() uint64 {
	if s.Seed == nil {
		return 0
	}
	return uint64(*s.Seed) //nolint:gosec // any number will do
}

func rank(known bool) int {
	if known {
		return 1
	}
	return 0
}
