// Package graph is a small directed graph over any comparable id: the order among steps, what depends on what, and the
// cycles that make an order impossible. Every answer is stable: it follows the order in which the nodes were added.
// It knows nothing of steps and runs nothing.
package graph

import "slices"

// Graph is a directed graph. The zero Graph is empty and ready to use. It is not safe for concurrent use.
type Graph[K comparable] struct {
	nodes []K
	index map[K]int
	after [][]int // for each node, those that wait for it, in the order of Connect
	count []int   // for each node, how many it waits for
	edges map[[2]int]bool
}

// Add adds a node. Adding it again changes nothing.
func (g *Graph[K]) Add(node K) { g.add(node) }

func (g *Graph[K]) add(node K) int {
	if i, ok := g.index[node]; ok {
		return i
	}
	if g.index == nil {
		g.index = map[K]int{}
		g.edges = map[[2]int]bool{}
	}
	i := len(g.nodes)
	g.index[node] = i
	g.nodes = append(g.nodes, node)
	g.after = append(g.after, nil)
	g.count = append(g.count, 0)
	return i
}

// Connect says that second waits for first. Nodes that were not added yet are added; an edge that is there already
// stays as it is.
func (g *Graph[K]) Connect(first, second K) {
	a, b := g.add(first), g.add(second)
	if g.edges[[2]int{a, b}] {
		return
	}
	g.edges[[2]int{a, b}] = true
	g.after[a] = append(g.after[a], b)
	g.count[b]++
}

// Nodes returns the nodes in the order in which they were added.
func (g *Graph[K]) Nodes() []K { return slices.Clone(g.nodes) }

// Dependants returns every node that waits for node, directly or through others, in the order in which they were added.
// A node of a cycle is among its own dependants.
func (g *Graph[K]) Dependants(node K) []K {
	start, ok := g.index[node]
	if !ok {
		return nil
	}
	seen := make([]bool, len(g.nodes))
	todo := []int{start}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, next := range g.after[i] {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	var out []K
	for i, s := range seen {
		if s {
			out = append(out, g.nodes[i])
		}
	}
	return out
}
