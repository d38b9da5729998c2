package check

import "strings"

// reach knows which lines a comment that stands alone is about. Everything is looked at once, since a file may have any
// number of comments.
type reach struct {
	lines []string
	next  []int       // for each line, the index of the first one after it that says something
	ends  map[int]int // for the first line of an item of a list, the index of its last one
}

func newReach(lines []string) *reach {
	r := &reach{lines: lines, next: make([]int, len(lines)), ends: map[int]int{}}
	found := len(lines)
	for l := len(lines) - 1; l >= 0; l-- {
		lines[l] = strings.TrimSuffix(lines[l], "\r")
		r.next[l] = found
		if says(lines[l]) {
			found = l
		}
	}
	return r
}

// below returns the numbers of the lines that a comment at index l is about: the first that says something, and with an
// item of a list all of its lines.
func (r *reach) below(l int) (from, to int) {
	k := r.next[l]
	if k >= len(r.lines) {
		return l + 1, l + 1
	}
	if !strings.HasPrefix(strings.TrimSpace(r.lines[k])+" ", "- ") {
		return k + 1, k + 1
	}
	end, known := r.ends[k]
	if !known {
		end = k
		for i := r.next[k]; i < len(r.lines) && indent(r.lines[i]) > indent(r.lines[k]); i = r.next[i] {
			end = i
		}
		r.ends[k] = end
	}
	return k + 1, end + 1
}

// says reports whether a line is more than a comment.
func says(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && !strings.HasPrefix(text, "#")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
