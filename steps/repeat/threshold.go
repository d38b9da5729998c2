package repeat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Threshold is the least share of attempts that must pass: ">= 0.95", "> 0.9", "95%" or a bare number.
type Threshold struct {
	Share  float64 `yaml:"-"` // from 0 to 1
	Strict bool    `yaml:"-"` // more than the share, not just as much
}

// UnmarshalText reads a threshold.
func (t *Threshold) UnmarshalText(text []byte) error {
	rest := strings.TrimSpace(string(text))
	read := Threshold{}
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
	read.Share = share
	*t = read
	return nil
}

// String writes the threshold as authors do.
func (t Threshold) String() string {
	sign := ">="
	if t.Strict {
		sign = ">"
	}
	return sign + " " + strconv.FormatFloat(t.Share, 'g', 6, 64)
}

// met reports whether a share is enough.
func (t Threshold) met(share float64) bool {
	const tiny = 1e-9 // 19 of 20 is 0.95, whatever binary fractions make of it
	if t.Strict {
		return share > t.Share+tiny
	}
	return share >= t.Share-tiny
}

// interval is the Wilson score interval of a share of which passed in n was seen. Source: E. B. Wilson, "Probable
// inference, the law of succession, and statistical inference", JASA 22 (1927); unlike the textbook interval it is
// right for few attempts and for shares near 0 and 1.
func interval(passed, n int, confidence float64) (lower, upper float64) {
	if n == 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	size := float64(n)
	share := float64(passed) / size
	middle := share + z*z/(2*size)
	spread := z * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	scale := 1 + z*z/size
	return max(0, (middle-spread)/scale), min(1, (middle+spread)/scale)
}

// most bounds the search for the number of attempts: more than this nobody makes.
const most = 1_000_000

// attemptsFor returns how many attempts it takes, all of them passing, until the interval lies above the threshold. 0
// means that no number does, because a share can't be more than all.
func attemptsFor(t Threshold, confidence float64) int {
	if t.Share >= 1 {
		return 0
	}
	for n := 1; n <= most; n = n + max(1, n/20) {
		if lower, _ := interval(n, n, confidence); t.met(lower) {
			for n > 1 {
				if lower, _ := interval(n-1, n-1, confidence); !t.met(lower) {
					break
				}
				n--
			}
			return n
		}
	}
	return most
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'g', 4, 64) + " %" }
