package diag

import (
	"fmt"
	"slices"
	"strings"
)

// longestName is up to where a name is compared with others: a longer one is near to none.
const longestName = 100

// Suggest returns the candidate that is most likely meant by name, or "" when none is near. Near means an edit distance
// below 3 of which at most half of the letters are changed, a difference in case or separators, or one being a prefix of
// the other.
func Suggest(name string, candidates []string) string {
	if len(name) > longestName {
		return ""
	}
	best, bestDistance := "", 3
	folded := fold(name)
	var rows matrix
	for _, c := range candidates {
		d, near := bestDistance, false
		switch {
		case folded == fold(c):
			d, near = 0, true
		case len(c) <= longestName:
			prefix := len(name) >= 3 && (strings.HasPrefix(c, name) || strings.HasPrefix(name, c) && len(c) >= 3)
			d = rows.distance(name, c)
			near = prefix || d <= len(name)/2
			if prefix {
				d = min(d, 2)
			}
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

// fold takes case and separators out of a name.
func fold(s string) string {
	if !strings.ContainsAny(s, "-_") {
		return strings.ToLower(s)
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return -1
		}
		return r
	}, s))
}

// matrix is the room in which distances are computed, kept from one to the next: three rows are all that is needed.
type matrix struct {
	rows [3][]int
	s, t []rune
}

// distance is the optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. Where
// the lengths differ too much for a proposal it is not computed further.
func (m *matrix) distance(a, b string) int {
	m.s, m.t = append(m.s[:0], []rune(a)...), append(m.t[:0], []rune(b)...)
	s, t := m.s, m.t
	if d := len(s) - len(t); d > 2 || d < -2 {
		return max(d, -d)
	}
	for i := range m.rows {
		m.rows[i] = slices.Grow(m.rows[i][:0], len(t)+1)[:len(t)+1]
	}
	before, last, row := m.rows[0], m.rows[1], m.rows[2]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}
