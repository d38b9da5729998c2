package repeat

import (
	"math"
	"strconv"

	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

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
func attemptsFor(t rounds.Share, confidence float64) int {
	if t.Least >= 1 {
		return 0
	}
	for n := 1; n <= most; n = n + max(1, n/20) {
		if lower, _ := interval(n, n, confidence); t.Met(lower) {
			for n > 1 {
				if lower, _ := interval(n-1, n-1, confidence); !t.Met(lower) {
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
