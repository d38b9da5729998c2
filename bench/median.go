package main

import (
	"cmp"
	"slices"
)

func middle[T cmp.Ordered](all []figures, pick func(figures) T) T {
	values := make([]T, len(all))
	for i, f := range all {
		values[i] = pick(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
