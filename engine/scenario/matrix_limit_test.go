package scenario_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHugeMatrices ends quickly whatever a matrix is made of.
func TestHugeMatrices(t *testing.T) {
	list := func(n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprint(i)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	entries := strings.Repeat("{a: 1}, ", 20_000) + "{a: 2}"
	names := &strings.Builder{}
	for i := range 10_000 {
		fmt.Fprintf(names, "  a%d: [1]\n", i)
	}
	for _, test := range []struct{ name, matrix, want string }{
		{"values", "  a: " + list(20_000) + "\n", "4:6: matrix.a has 20000 values; at most 256 cases can run [expansion-limit]"},
		{"product", "  a: " + list(1000) + "\n  b: " + list(1000) + "\n", "3:1: the matrix has more than 1024 combinations; at most 256 cases can run [expansion-limit]"},
		{"exclude", "  a: " + list(1000) + "\n  exclude: [" + entries + "]\n", "5:12: matrix.exclude has 20001 entries; at most 1000 can be read [expansion-limit]"},
		{"include", "  a: [1]\n  include: [" + entries + "]\n", "5:12: matrix.include has 20001 entries; at most 1000 can be read [expansion-limit]"},
		{"names", names.String(), "68:3: the matrix has 10000 names; at most 64 can be read [expansion-limit]"},
		{"cases", "  a: " + list(300) + "\n", "3:1: the matrix has 300 cases; at most 256 can run [expansion-limit]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmatrix:\n" + test.matrix + "metadata: {name: x}\nsteps:\n  - check: matrix.a == 1\n"
			start := time.Now()
			opened := loader(t).Open("f", []byte(text))
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			var got []string
			for _, d := range opened.Diagnostics {
				if d.Check == "expansion-limit" {
					got = append(got, strings.TrimPrefix(d.Error(), "f:"))
				}
			}
			if len(got) != 1 || got[0] != test.want || opened.Scenarios != nil {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestManyStepsOfManyCases counts the steps of all cases together.
func TestManyStepsOfManyCases(t *testing.T) {
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: x}\nmatrix: {a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}\nsteps:\n" +
		strings.Repeat("  - make: {names: a}\n", 300) + "  - check: matrix.a == matrix.b\n"
	opened := loader(t).Open("f", []byte(text))
	want := "f:4:1: 100 cases of 301 steps are more than 20000 steps; at most that many can run [expansion-limit]"
	if len(opened.Diagnostics) != 1 || opened.Diagnostics[0].Error() != want {
		t.Errorf("got %v, want %s", opened.Diagnostics, want)
	}
}
