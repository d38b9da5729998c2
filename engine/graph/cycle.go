package graph

import "slices"

// Cycles returns one shortest cycle for every group of nodes that wait for each other. A cycle starts at the node of
// its group that was added first and repeats it at the end, each node being followed by one that waits for it. Cycles are
// sorted by their first node. There are none exactly when Order is ok.
func (g *Graph[K]) Cycles() [][]K {
	group := g.groups()
	seen := make([]bool, len(g.nodes))
	var out [][]K
	for start := range g.nodes {
		if seen[group[start]] {
			continue
		}
		seen[group[start]] = true
		if path := g.cycle(start, group); path != nil {
			out = append(out, path)
		}
	}
	return out
}

// cycle searches the group of start, breadth first, for the shortest way back to start.
func (g *Graph[K]) cycle(start int, group []int) []K {
	from := map[int]int{}
	todo := []int{start}
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		for _, next := range g.after[i] {
			if next == start {
				return g.path(start, i, from)
			}
			if _, met := from[next]; !met && group[next] == group[start] {
				from[next] = i
				todo = append(todo, next)
			}
		}
	}
	return nil
}

// path follows from backwards from last to start.
func (g *Graph[K]) path(start, last int, from map[int]int) []K {
	path := []K{g.nodes[start]}
	for i := last; i != start; i = from[i] {
		path = append(path, g.nodes[i])
	}
	path = append(path, g.nodes[start])
	slices.Reverse(path)
	return path
}

// groups numbers the strongly connected components (Tarjan's algorithm, with its own stack, because a file may hold a
// chain of any length) and returns the number of each node's component.
func (g *Graph[K]) groups() []int {
	t := &tarjan{after: g.after, number: make([]int, len(g.nodes)), low: make([]int, len(g.nodes)), group: make([]int, len(g.nodes))}
	for i := range g.nodes {
		t.group[i] = -1
	}
	for i := range g.nodes {
		if t.number[i] == 0 {
			t.visit(i)
		}
	}
	return t.group
}

type tarjan struct {
	after              [][]int
	number, low, group []int // number is 1-based; 0 means not met yet
	met, groups        int
	open               []int // nodes met whose group is not known yet
	calls              []call
}

type call struct{ node, edge int }

func (t *tarjan) visit(root int) {
	t.enter(root)
	for len(t.calls) > 0 {
		c := &t.calls[len(t.calls)-1]
		if c.edge == len(t.after[c.node]) {
			t.leave(c.node)
			continue
		}
		next := t.after[c.node][c.edge]
		c.edge++
		switch {
		case t.number[next] == 0:
			t.enter(next)
		case t.group[next] < 0:
			t.low[c.node] = min(t.low[c.node], t.number[next])
		}
	}
}

func (t *tarjan) enter(i int) {
	t.met++
	t.number[i], t.low[i] = t.met, t.met
	t.open = append(t.open, i)
	t.calls = append(t.calls, call{node: i})
}

func (t *tarjan) leave(i int) {
	t.calls = t.calls[:len(t.calls)-1]
	if n := len(t.calls); n > 0 {
		caller := t.calls[n-1].node
		t.low[caller] = min(t.low[caller], t.low[i])
	}
	if t.low[i] != t.number[i] {
		return
	}
	first := len(t.open) - 1
	for t.open[first] != i {
		first--
	}
	for _, member := range t.open[first:] {
		t.group[member] = t.groups
	}
	t.open = t.open[:first]
	t.groups++
}
