package mistakes

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

const (
	mostTime   = 2 * time.Second
	mostMemory = 1 << 30 // allocated in all, freed or not
	head       = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: x}\n"
	claim      = "  - assert: {given: {w: deployment/web}, that: w != nil}\n"
)

// bomb returns aliases of which each holds ten of the one before.
func bomb(levels int) string {
	var b strings.Builder
	b.WriteString("x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "x-a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	return b.String()
}

// merges returns mappings of which each takes over the one before, ten times.
func merges(levels int) string {
	var b strings.Builder
	b.WriteString("x-a0: &a0 {k: v}\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "x-a%d: &a%d {<<: [%s]}\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	return b.String()
}

// hostile are files that nobody means well with. Each must end with an error, soon and without taking the machine down.
func hostile() map[string]string {
	return map[string]string{
		"alias bomb":                    bomb(30) + head + "vars: {a: *a29}\nsteps:\n" + claim,
		"merge bomb":                    merges(30) + head + "vars: *a29\nsteps:\n" + claim,
		"alias of itself":               head + "vars: &v {a: {b: [*v]}}\nsteps:\n" + claim,
		"two aliases of each other":     "x-a: &a {b: &b {a: *a, b: *b}}\n" + head + "steps:\n" + claim,
		"merge of itself":               head + "vars: &v {<<: *v}\nsteps:\n" + claim,
		"steps alias":                   head + "steps: &s\n  - parallel: *s\n",
		"10,000 flow lists":             head + "vars: {a: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}\nsteps:\n" + claim,
		"10,000 flow lists open":        head + "vars: {a: " + strings.Repeat("[", 10_000),
		"10,000 mappings":               head + "vars:\n" + nested(10_000),
		"10,000 dashes":                 head + "vars:\n  a:\n    " + strings.Repeat("- ", 10_000) + "x\n",
		"9,000 parallel steps":          head + "steps:\n  - " + strings.Repeat("parallel: [{", 9_000),
		"10 MB":                         strings.Repeat(head+"steps:\n"+claim, (10<<20)/(len(head)+len(claim)+7)),
		"more than is read":             head + "steps:\n" + strings.Repeat(claim, source.MaxBytes/len(claim)+1),
		"the longest file, of a list":   head + "vars: {a: [" + strings.Repeat("1, ", source.MaxBytes/3-100) + "]}\nsteps:\n",
		"the longest file, of brackets": head + strings.Repeat("[", source.MaxBytes-200),
		"the longest file, of one word": head + "steps: " + strings.Repeat("a", source.MaxBytes-200) + "\n",
		"the longest file, of a quote":  head + "steps: \"" + strings.Repeat("a\n ", source.MaxBytes/3-100),
		"the longest file, of nothing":  strings.Repeat("\n", source.MaxBytes-200) + "a: [\n",
		"the longest file, of tabs":     head + strings.Repeat("\t", source.MaxBytes-200),
		"the longest file, of anchors":  head + strings.Repeat("- &a\n", source.MaxBytes/6),
		"expression of a megabyte":      head + "steps:\n  - assert: " + strings.Repeat("vars.a and ", 90_000) + "true\n",
		"expression of brackets":        head + "steps:\n  - assert: " + strings.Repeat("(", 100_000) + "\n",
		"expression of predicates":      head + "vars: {a: [1]}\nsteps:\n  - assert: " + strings.Repeat("all(vars.a, ", 5_000) + "true" + strings.Repeat(")", 5_000) + "\n",
		"expression of not":             head + "steps:\n  - assert: " + strings.Repeat("not ", 100_000) + "vars.a\n",
		"text of many expressions":      head + "steps:\n  - fail: \"" + strings.Repeat("${{ vars.a }}", 20_000) + "\"\n" + claim,
		"text that is never closed":     head + "steps:\n  - fail: \"" + strings.Repeat("${{ '", 200_000) + "\"\n" + claim,
		"40,000 unknown fields":         head + "steps:\n  - sleep: 1s\n" + fields(40_000) + claim,
		"20,000 steps in a ring":        head + "steps:\n" + ring(20_000),
		"20,000 unknown steps":          head + "steps:\n" + strings.Repeat("  - slep: 1s\n", 20_000),
		"a name of a megabyte":          head + "steps:\n  - " + strings.Repeat("n", 1<<20) + ": 1s\n" + claim,
		"a reference of a megabyte":     head + "steps:\n  - assert: steps." + strings.Repeat("n", 1<<20) + ".took\n",
		"a duplicate of a long name":    head + strings.Repeat(strings.Repeat("n", 100_000)+": 1\n", 50),
	}
}

func nested(depth int) string {
	var b strings.Builder
	for i := 1; i < depth && b.Len() < source.MaxBytes-1000; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func fields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "    tiemout%d: 1s\n", i)
	}
	return b.String()
}

func ring(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {id: s%d, needs: s%d, sleep: 1s}\n", i, (i+1)%n)
	}
	return b.String()
}

// TestHostileFiles measures what each hostile file costs.
func TestHostileFiles(t *testing.T) {
	l := loader(t)
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) { measure(t, l, text) })
	}
}

// measure takes the best of some times: the others measure what else the machine does.
func measure(t *testing.T, l *scenario.Loader, text string) {
	t.Helper()
	best, memory := time.Duration(1<<62), uint64(0)
	for round := 0; round < 5 && (best > mostTime || round == 0); round++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		s, diags := l.Load("hostile.scenario.yaml", []byte(text))
		best = min(best, time.Since(start))
		runtime.ReadMemStats(&after)
		memory = after.TotalAlloc - before.TotalAlloc
		if s != nil || !diags.HasErrors() {
			t.Fatal("the file loads")
		}
		if round == 0 {
			t.Logf("%v, %d MB, %d errors, first %.120s", best.Round(time.Millisecond), memory>>20, len(diags), diags[0].Error())
		}
	}
	if best > mostTime {
		t.Errorf("it took %v, want less than %v", best, mostTime)
	}
	if memory > mostMemory {
		t.Errorf("%d MB were allocated, want less than %d", memory>>20, mostMemory>>20)
	}
}
