package benchmark

import (
	"cmp"
	"math"
	"slices"
)

// fewest is the number of measurements on either side with which Mann and Whitney's test can find anything at all.
const fewest = 5

// significance is the chance of calling a change what is only noise.
const significance = 0.01

// statistics lists what can be limited.
func statistics() []string { return []string{"mean", "min", "p50", "p90", "p95", "p99", "max"} }

// summary is the outputs that follow from the measurements.
func summary(values []float64) Outputs {
	out := Outputs{Count: len(values), Values: values}
	if len(values) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(values))
	for _, v := range values {
		out.Mean += v / float64(len(values))
	}
	out.Min, out.Max = sorted[0], sorted[len(sorted)-1]
	out.P50, out.P90 = percentile(sorted, 50), percentile(sorted, 90)
	out.P95, out.P99 = percentile(sorted, 95), percentile(sorted, 99)
	return out
}

// statistic returns the value of a name that statistics lists.
func (o *Outputs) statistic(name string) float64 {
	return map[string]float64{"mean": o.Mean, "min": o.Min, "p50": o.P50, "p90": o.P90, "p95": o.P95, "p99": o.P99, "max": o.Max}[name]
}

// percentile is the smallest measurement that at least p of 100 don't exceed (nearest rank): one that was really seen.
func percentile(sorted []float64, p float64) float64 {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// larger is the chance of seeing values at least as much larger than base as these are, if both came from the same
// system: the one-sided test of Mann and Whitney ("On a test of whether one of two random variables is stochastically
// larger than the other", 1947) in the normal approximation, corrected for ties and continuity. It looks at ranks alone,
// so that one slow outlier decides nothing.
func larger(values, base []float64) float64 {
	type ranked struct {
		value float64
		ours  bool
	}
	var all []ranked
	for _, v := range values {
		all = append(all, ranked{v, true})
	}
	for _, v := range base {
		all = append(all, ranked{v, false})
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.value, b.value) })
	n, m := float64(len(values)), float64(len(base))
	total := n + m
	sum, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		rank := float64(i+j+1) / 2
		for _, one := range all[i:j] {
			if one.ours {
				sum += rank
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	u := sum - n*(n+1)/2
	variance := n * m / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 {
		return 1
	}
	z := (u - n*m/2 - 0.5) / math.Sqrt(variance)
	return math.Erfc(z/math.Sqrt2) / 2
}
