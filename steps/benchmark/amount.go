package benchmark

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Amount is a number, or a duration in seconds.
type Amount struct {
	Value    float64 `yaml:"-"`
	Duration bool    `yaml:"-"`
}

// UnmarshalText reads "0.2" or "200ms".
func (a *Amount) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if d, err := time.ParseDuration(s); err == nil && s != "0" {
		*a = Amount{Value: d.Seconds(), Duration: true}
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q: expected a number or a duration such as 200ms", text)
	}
	*a = Amount{Value: v}
	return nil
}

// Part is a part of something: "10%" or 0.1.
type Part struct {
	Value float64 `yaml:"-"`
}

// UnmarshalText reads "10%" or "0.1".
func (p *Part) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 10 {
		return fmt.Errorf("%q: expected a part such as 10%% or 0.1", text)
	}
	p.Value = v
	return nil
}

// show writes a measurement for people.
func show(v float64, duration bool) string {
	if duration {
		return time.Duration(v * float64(time.Second)).Round(10 * time.Microsecond).String()
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}
