package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// build makes a graph from "a" (a node) and "a b" (b waits for a).
func build(parts ...[]string) *Graph[string] {
	g := &Graph[string]{}
	for _, p := range parts {
		if len(p) == 1 {
			g.Add(p[0])
			continue
		}
		g.Connect(p[0], p[1])
	}
	return g
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name  string
		graph *Graph[string]
		want  []string
		ok    bool
	}{
		{"empty", build(), []string{}, true},
		{"document order among ready nodes", build([]string{"c"}, []string{"a"}, []string{"b"}), []string{"c", "a", "b"}, true},
		{"a dependency moves a node back", build([]string{"a"}, []string{"b"}, []string{"c"}, []string{"c", "a"}), []string{"b", "c", "a"}, true},
		{"an edge counts once", build([]string{"a", "b"}, []string{"a", "b"}), []string{"a", "b"}, true},
		{"a cycle and what waits for it are left out", build([]string{"a"}, []string{"b", "c"}, []string{"c", "b"}, []string{"c", "d"}), []string{"a"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := test.graph.Order()
			if diff := cmp.Diff(test.want, got); diff != "" || ok != test.ok {
				t.Errorf("Order: ok = %v, want %v; (-want +got):\n%s", ok, test.ok, diff)
			}
		})
	}
}

func TestCycles(t *testing.T) {
	tests := []struct {
		name  string
		graph *Graph[string]
		want  [][]string
	}{
		{"none", build([]string{"a", "b"}, []string{"a", "c"}, []string{"b", "c"}), nil},
		{"itself", build([]string{"a"}, []string{"b", "b"}), [][]string{{"b", "b"}}},
		{
			"starts at the node added first",
			build([]string{"a"}, []string{"b"}, []string{"c"}, []string{"c", "b"}, []string{"a", "c"}, []string{"b", "a"}),
			[][]string{{"a", "c", "b", "a"}},
		},
		{
			"the shortest of a group",
			build([]string{"a", "b"}, []string{"b", "c"}, []string{"c", "a"}, []string{"b", "a"}),
			[][]string{{"a", "b", "a"}},
		},
		{
			"one for each group",
			build([]string{"w"}, []string{"x", "y"}, []string{"y", "x"}, []string{"y", "a"}, []string{"a", "b"}, []string{"b", "a"}),
			[][]string{{"x", "y", "x"}, {"a", "b", "a"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.graph.Cycles()); diff != "" {
				t.Errorf("Cycles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDependants(t *testing.T) {
	g := build([]string{"d"}, []string{"a", "c"}, []string{"a", "b"}, []string{"b", "d"}, []string{"c", "d"}, []string{"e"})
	tests := []struct {
		of   string
		want []string
	}{
		{"a", []string{"d", "c", "b"}},
		{"b", []string{"d"}},
		{"d", nil},
		{"unknown", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, g.Dependants(test.of)); diff != "" {
			t.Errorf("Dependants(%q) (-want +got):\n%s", test.of, diff)
		}
	}
	loop := build([]string{"a", "b"}, []string{"b", "a"})
	if diff := cmp.Diff([]string{"a", "b"}, loop.Dependants("a")); diff != "" {
		t.Errorf("Dependants of a node of a cycle (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"d", "a", "c", "b", "e"}, g.Nodes()); diff != "" {
		t.Errorf("Nodes (-want +got):\n%s", diff)
	}
}

// TestRandom compares the three answers with each other on random graphs.
func TestRandom(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		g := &Graph[int]{}
		n := 1 + random.IntN(12)
		for i := range n {
			g.Add(i)
		}
		edges := map[[2]int]bool{}
		for range random.IntN(2 * n) {
			a, b := random.IntN(n), random.IntN(n)
			g.Connect(a, b)
			edges[[2]int{a, b}] = true
		}
		order, ok := g.Order()
		cycles := g.Cycles()
		if ok != (len(cycles) == 0) {
			t.Fatalf("seed %d: Order is ok: %v, but the cycles are %v", seed, ok, cycles)
		}
		position := map[int]int{}
		for i, node := range order {
			position[node] = i
		}
		for e := range edges {
			first, met := position[e[0]]
			if second, ordered := position[e[1]]; ordered && (!met || first >= second) {
				t.Fatalf("seed %d: %d comes before %d, which it waits for: %v", seed, e[1], e[0], order)
			}
		}
		for _, c := range cycles {
			checkCycle(t, fmt.Sprintf("seed %d", seed), c, edges)
		}
	}
}

func checkCycle(t *testing.T, name string, cycle []int, edges map[[2]int]bool) {
	t.Helper()
	if len(cycle) < 2 || cycle[0] != cycle[len(cycle)-1] {
		t.Fatalf("%s: %v does not end where it starts", name, cycle)
	}
	for i := range cycle[1:] {
		if !edges[[2]int{cycle[i], cycle[i+1]}] {
			t.Fatalf("%s: %v has no edge %d -> %d", name, cycle, cycle[i], cycle[i+1])
		}
		if cycle[i] < cycle[0] {
			t.Fatalf("%s: %v does not start at its earliest node", name, cycle)
		}
	}
}

// TestLongChain makes sure that depth costs no stack and no square of time.
func TestLongChain(t *testing.T) {
	const n = 200_000
	g := &Graph[int]{}
	for i := range n - 1 {
		g.Connect(i, i+1)
	}
	if order, ok := g.Order(); !ok || len(order) != n {
		t.Fatalf("Order gave %d nodes, ok = %v", len(order), ok)
	}
	if cycles := g.Cycles(); cycles != nil {
		t.Fatalf("a chain has cycles: %d", len(cycles))
	}
	g.Connect(n-1, 0)
	if cycles := g.Cycles(); len(cycles) != 1 || len(cycles[0]) != n+1 {
		t.Fatalf("a ring has %d cycles", len(cycles))
	}
}

func BenchmarkOrder(b *testing.B) {
	g := &Graph[int]{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		g.Add(i)
		for range 5 {
			if i > 0 {
				g.Connect(random.IntN(i), i)
			}
		}
	}
	for b.Loop() {
		if _, ok := g.Order(); !ok {
			b.Fatal("not ordered")
		}
	}
}
