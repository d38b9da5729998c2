package mistakes

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

const (
	mutants     = 30   // of each file
	leastCaught = 0.95 // of all mutants
)

// TestMutantsAreCaught makes mistakes in every scenario that this project ships and counts how many of them validate
// finds on the line where they were made. Each mistake is of a kind that always breaks: the file can't be read, the step
// can't start, or an expression can't be evaluated. What no declaration tells (a field of what another program answers, a
// label) is left out.
//
// Where a mistake has two sides, such as an id that is renamed and the places that use it, both count as the right line;
// for a removed field that is any line of its step. The mutants that escape are listed in testdata/escaped.txt, which
// -update writes.
func TestMutantsAreCaught(t *testing.T) {
	t.Chdir("../..")
	files := slices.DeleteFunc(append(find(t, "examples", ".scenario.yaml"), find(t, "scenarios", ".scenario.yaml")...), func(f string) bool {
		return strings.HasPrefix(f, "examples/failing/") || strings.Contains(f, "/testdata/") // they are broken on purpose
	})
	if len(files) < 20 {
		t.Fatalf("only %d scenarios were found", len(files))
	}
	r := registry(t, "scenarios/library/crds") // as scenario-runner.yaml says
	l, err := scenario.NewLoader(r, scenario.Options{Root: ".", Library: []string{"scenarios/library"}})
	if err != nil {
		t.Fatal(err)
	}
	c := &count{made: map[string]int{}, caught: map[string]int{}}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, diags := l.Load(name, data); diags.HasErrors() {
			t.Errorf("%s is broken before anything was done to it: %v", name, diags)
			continue
		}
		file, _ := source.Parse(name, data)
		for _, s := range chosen(name, sitesOf(file, r)) {
			text := strings.Join(s.edit(strings.Split(string(data), "\n")), "\n")
			_, diags := l.Load(name, []byte(text))
			c.add(name, s, diags)
		}
	}
	c.report(t)
}

// chosen takes some of the sites of a file, as many of each kind of mistake as can be, always the same ones.
func chosen(name string, all []site) []site {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 3)) //nolint:gosec // repeatable on purpose
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	var out []site
	taken := map[string]int{}
	for round := 0; len(out) < mutants && round < mutants; round++ {
		for _, s := range all {
			if taken[s.kind] == round && len(out) < mutants && !slices.ContainsFunc(out, func(o site) bool { return o.kind == s.kind && o.what == s.what && slices.Equal(o.lines, s.lines) }) {
				out = append(out, s)
				taken[s.kind] = -1
			}
		}
		for kind, n := range taken {
			if n < 0 {
				taken[kind] = round + 1
			}
		}
	}
	return out
}

// count adds up what was made and what was caught.
type count struct {
	made, caught map[string]int
	escaped      []string
}

func (c *count) add(name string, s site, diags diag.List) {
	c.made[s.kind]++
	if slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && d.Range.File == name && slices.Contains(s.lines, d.Range.Start.Line)
	}) {
		c.caught[s.kind]++
		return
	}
	said := "nothing is said"
	if len(diags) > 0 {
		said = fmt.Sprintf("said on line %d: %s", diags[0].Range.Start.Line, diags[0].Message)
	}
	c.escaped = append(c.escaped, fmt.Sprintf("%s:%d %s, %s: %s", name, s.lines[0], s.kind, s.what, said))
}

func (c *count) report(t *testing.T) {
	t.Helper()
	var b strings.Builder
	made, caught := 0, 0
	kinds := make([]string, 0, len(c.made))
	for kind, n := range c.made {
		made, caught, kinds = made+n, caught+c.caught[kind], append(kinds, kind)
	}
	slices.Sort(kinds)
	rate := float64(caught) / float64(made)
	fmt.Fprintf(&b, "%d of %d mutants are caught on the right line: %.1f %%\n\n", caught, made, 100*rate)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "%4d of %4d  %s\n", c.caught[kind], c.made[kind], kind)
	}
	fmt.Fprintf(&b, "\nescaped\n%s\n", strings.Join(c.escaped, "\n"))
	t.Log(b.String())
	if rate < leastCaught {
		t.Errorf("%.1f %% are caught, want %.0f %%", 100*rate, 100*leastCaught)
	}
	if *update {
		if err := os.WriteFile("internal/mistakes/testdata/escaped.txt", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
