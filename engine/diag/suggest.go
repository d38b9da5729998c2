package diag

import (
	"fmt"
	"slices"
	"strings"
)

// Suggest returns the candidate that is most likely meant by name, or "" when none is near. Near means an edit distance
// below 3 of which at most half of the letters are changed, a difference in case or separators, or one being a prefix of
// the other.
func Suggest(name string, candidates []string) string {
	best, bestDistance := "", 3
	for _, c := range candidates {
		d := distance(name, c)
		near := d <= len(name)/2
		switch {
		case fold(name) == fold(c):
			d, near = 0, true
		case len(name) >= 3 && (strings.HasPrefix(c, name) || strings.HasPrefix(name, c) && len(c) >= 3):
			d, near = min(d, 2), true
		}
		if near && d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// DidYouMean returns `; did you mean "x"?` when a candidate is near, else the choices as `; choose one of a, b, c` when
// there are few enough to read, else "".
func DidYouMean(name string, candidates []string) string {
	if s := Suggest(name, candidates); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	switch n := len(candidates); {
	case n == 1:
		return fmt.Sprintf("; there is only %q", candidates[0])
	case n == 0 || n > 30:
		return ""
	}
	return "; choose one of " + strings.Join(candidates, ", ")
}

func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// distance is the optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			rows[i][j] = slices.Min([]int{rows[i-1][j] + 1, rows[i][j-1] + 1, rows[i-1][j-1] + cost})
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}
