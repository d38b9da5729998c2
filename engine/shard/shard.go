// Package shard divides scenarios among machines: every scenario falls into exactly one shard, and the same input gives
// the same division everywhere. It neither loads nor runs anything.
package shard

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Shard is one part of a whole, 1-based.
type Shard struct {
	Index, Count int
}

// Parse reads "i/n".
func Parse(text string) (Shard, error) {
	first, second, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(first)
	count, err2 := strconv.Atoi(second)
	if !ok || errors.Join(err1, err2) != nil {
		return Shard{}, fmt.Errorf("%q is no shard: write i/n, as in 1/4 for the first of four", text)
	}
	if count < 1 || index < 1 || index > count {
		return Shard{}, fmt.Errorf("%q is out of range: the shards of n are 1/n to n/n", text)
	}
	return Shard{Index: index, Count: count}, nil
}

// String formats s as "i/n".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// Item is something to put into a shard.
type Item struct {
	Key  string        // unique
	Took time.Duration // in the past; 0 when that is not known
}

// Divide puts items into count shards and returns, for each item, the 1-based index of its shard.
//
// When at least one duration is known, the longest items are placed first, each where the least time is taken so far;
// an item of unknown duration counts as the median of the known ones. Without durations the items are dealt out in the
// order of a hash of their keys, so that neighbours in a folder, which tend to be alike, part.
//
// The division depends on nothing but the items: machines that see the same ones agree without talking.
func Divide(items []Item, count int) []int {
	typical := median(items)
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	took := func(i int) time.Duration { return cmp.Or(items[i].Took, typical, 1) }
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(took(b), took(a)),
			cmp.Compare(hash(items[a].Key), hash(items[b].Key)),
			cmp.Compare(items[a].Key, items[b].Key),
		)
	})
	load := make([]time.Duration, count)
	shards := make([]int, len(items))
	for _, i := range order {
		least := 0
		for s := range load {
			if load[s] < load[least] {
				least = s
			}
		}
		load[least] += took(i)
		shards[i] = least + 1
	}
	return shards
}

// median returns the median of the durations that are known, or 0.
func median(items []Item) time.Duration {
	var known []time.Duration
	for _, i := range items {
		if i.Took > 0 {
			known = append(known, i.Took)
		}
	}
	if len(known) == 0 {
		return 0
	}
	slices.Sort(known)
	return known[len(known)/2]
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// Pick returns the positions of the items that are in s, in order. It is an error when there are fewer items than
// shards: a shard that runs nothing would be green for no reason.
func Pick(items []Item, s Shard) ([]int, error) {
	if len(items) < s.Count {
		noun := "scenarios are"
		if len(items) == 1 {
			noun = "scenario is"
		}
		return nil, fmt.Errorf("%d %s too few for %d shards: one would run nothing; use at most %d", len(items), noun, s.Count, len(items))
	}
	var in []int
	for i, index := range Divide(items, s.Count) {
		if index == s.Index {
			in = append(in, i)
		}
	}
	return in, nil
}
