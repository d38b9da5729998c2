package rounds

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Share is the least share of rounds that must pass: ">= 0.95", "> 0.9", "95%" or a bare number.
type Share struct {
	Least  float64 `yaml:"-"` // from 0 to 1
	Strict bool    `yaml:"-"` // more than the share, not just as much
}

// UnmarshalText reads a threshold.
func (t *Share) UnmarshalText(text []byte) error {
	rest := strings.TrimSpace(string(text))
	read := Share{}
	switch {
	case strings.HasPrefix(rest, ">="):
		rest = rest[2:]
	case strings.HasPrefix(rest, ">"):
		read.Strict, rest = true, rest[1:]
	case strings.HasPrefix(rest, "<"), strings.HasPrefix(rest, "="):
		return fmt.Errorf("%q: a share that must pass has the form \">= 0.95\"", text)
	}
	rest = strings.TrimSpace(rest)
	number, isPercent := strings.CutSuffix(rest, "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		share /= 100
	}
	if err != nil || math.IsNaN(share) || share < 0 || share > 1 {
		return fmt.Errorf("%q: expected a share from 0 to 1, such as \">= 0.95\" or \"95%%\"", text)
	}
	read.Least = share
	*t = read
	return nil
}

// String writes the threshold as authors do.
func (t Share) String() string {
	sign := ">="
	if t.Strict {
		sign = ">"
	}
	return sign + " " + strconv.FormatFloat(t.Least, 'g', 6, 64)
}

// Met reports whether a share is enough.
func (t Share) Met(share float64) bool {
	const tiny = 1e-9 // 19 of 20 is 0.95, whatever binary fractions make of it
	if t.Strict {
		return share > t.Least+tiny
	}
	return share >= t.Least-tiny
}
