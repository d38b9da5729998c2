// Package glob matches names against patterns with * and ?. It is for names of contexts, namespaces and scenarios, not
// for paths: * stands for any text, also for one with slashes.
package glob

// Match reports whether the whole of name is what pattern says: * stands for any text, ? for one character, everything
// else for itself.
func Match(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	star, resume := -1, 0 // the last * and where the text after it is tried next
	i, j := 0, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, resume = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i++
			j++
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
