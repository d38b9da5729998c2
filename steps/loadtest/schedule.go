package loadtest

import (
	"iter"
	"math"
	"time"
)

// stages returns the stages, also when there is only one.
func (c *Config) stages() []Stage {
	if len(c.Stages) > 0 {
		return c.Stages
	}
	return []Stage{{Rate: c.Rate, Duration: c.Duration}}
}

// end returns the rate at the end of a stage.
func (s Stage) end() float64 {
	if s.To != nil {
		return *s.To
	}
	return s.Rate
}

// count returns how many requests are due in a stage.
func (s Stage) count() int {
	const tiny = 1e-9 // 0.1 s at 30 a second are 3, whatever binary fractions make of it
	return int(math.Ceil((s.Rate+s.end())/2*s.Duration.Seconds() - tiny))
}

// count returns how many requests are due.
func count(stages []Stage) int {
	total := 0
	for _, s := range stages {
		total += s.count()
	}
	return total
}

// highest returns the highest rate.
func highest(stages []Stage) float64 {
	rate := 0.0
	for _, s := range stages {
		rate = max(rate, s.Rate, s.end())
	}
	return rate
}

// schedule gives the time of each request, from the beginning.
func schedule(stages []Stage) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		var begin time.Duration
		for _, s := range stages {
			for i := range s.count() {
				if !yield(begin + s.at(float64(i))) {
					return
				}
			}
			begin += s.Duration
		}
	}
}

// at returns when so many requests of a stage were due: the t at which rate*t + slope*t²/2 reaches n.
func (s Stage) at(n float64) time.Duration {
	slope := (s.end() - s.Rate) / s.Duration.Seconds()
	var t float64
	switch {
	case n == 0:
	case slope == 0:
		t = n / s.Rate
	default:
		t = (math.Sqrt(max(s.Rate*s.Rate+2*slope*n, 0)) - s.Rate) / slope
	}
	return time.Duration(t * float64(time.Second))
}
