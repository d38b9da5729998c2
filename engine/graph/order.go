package graph

import "container/heap"

// Order returns the nodes so that each comes after those it waits for; among nodes that could come next, the one that
// was added first does. Nodes of a cycle, and nodes that wait for one, are left out, and ok is false.
func (g *Graph[K]) Order() (order []K, ok bool) {
	waits := append([]int(nil), g.count...)
	ready := &Queue{}
	for i, n := range waits {
		if n == 0 {
			ready.Push(i)
		}
	}
	order = make([]K, 0, len(g.nodes))
	for ready.Len() > 0 {
		i := ready.Pop()
		order = append(order, g.nodes[i])
		for _, next := range g.after[i] {
			if waits[next]--; waits[next] == 0 {
				ready.Push(next)
			}
		}
	}
	return order, len(order) == len(g.nodes)
}

// Queue gives out the smallest of the numbers that it holds: positions of nodes that are ready, earliest first. The
// zero Queue is empty.
type Queue struct{ heap intHeap }

// Len returns how many numbers q holds.
func (q *Queue) Len() int { return len(q.heap) }

// Push puts a number in.
func (q *Queue) Push(i int) { heap.Push(&q.heap, i) }

// Pop takes the smallest number out. The queue must not be empty.
func (q *Queue) Pop() int {
	i, _ := heap.Pop(&q.heap).(int)
	return i
}

type intHeap []int

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

func (h *intHeap) Push(v any) {
	i, _ := v.(int)
	*h = append(*h, i)
}

func (h *intHeap) Pop() any {
	last := len(*h) - 1
	v := (*h)[last]
	*h = (*h)[:last]
	return v
}
