package evaluate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// score counts what came out against what was expected.
type score struct {
	confusion map[string]map[string]int
	correct   int
	count     int
}

func (s *score) add(expected, actual string) {
	if s.confusion == nil {
		s.confusion = map[string]map[string]int{}
	}
	if s.confusion[expected] == nil {
		s.confusion[expected] = map[string]int{}
	}
	s.confusion[expected][actual]++
	s.count++
	if expected == actual {
		s.correct++
	}
}

// names returns every class that was expected or chosen.
func (s *score) names() []string {
	set := map[string]bool{}
	for expected, row := range s.confusion {
		set[expected] = true
		for actual := range row {
			set[actual] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func (s *score) class(name string) Class {
	c := Class{Correct: s.confusion[name][name]}
	for _, n := range s.confusion[name] {
		c.Rows += n
	}
	for _, row := range s.confusion {
		c.Chosen += row[name]
	}
	c.Precision, c.Recall = ratio(c.Correct, c.Chosen), ratio(c.Correct, c.Rows)
	if c.Precision+c.Recall > 0 {
		c.F1 = 2 * c.Precision * c.Recall / (c.Precision + c.Recall)
	}
	return c
}

// ratio is 1 when there was nothing to get wrong.
func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// into fills in the outputs. Means are over the classes that rows have: one that was only ever chosen wrongly shows in the
// precision of the others' rows.
func (s *score) into(out *Outputs) {
	out.Correct, out.Accuracy = s.correct, ratio(s.correct, s.count)
	out.Classes, out.Confusion = map[string]Class{}, s.confusion
	expected := 0
	for _, name := range s.names() {
		c := s.class(name)
		out.Classes[name] = c
		if c.Rows > 0 {
			expected++
			out.Precision += c.Precision
			out.Recall += c.Recall
			out.F1 += c.F1
		}
	}
	if expected > 0 {
		out.Precision /= float64(expected)
		out.Recall /= float64(expected)
		out.F1 /= float64(expected)
	}
}

// matrix draws the confusion matrix: a line for each expected class, a column for each chosen one.
func (s *score) matrix() []string {
	names := s.names()
	width := len("expected")
	for _, name := range names {
		width = max(width, len(name))
	}
	head := fmt.Sprintf("%-*s", width, "expected")
	var legend []string
	for i, name := range names {
		head += fmt.Sprintf(" %5s", letter(i))
		legend = append(legend, letter(i)+" = "+name)
	}
	lines := []string{head}
	for _, expected := range names {
		if len(s.confusion[expected]) == 0 {
			continue
		}
		line := fmt.Sprintf("%-*s", width, expected)
		for _, actual := range names {
			line += fmt.Sprintf(" %5d", s.confusion[expected][actual])
		}
		lines = append(lines, line)
	}
	return append(lines, "chosen: "+strings.Join(legend, ", "))
}

// letter names a column: a, b … z, aa, ab …
func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letter(i/26-1) + letter(i%26)
}
