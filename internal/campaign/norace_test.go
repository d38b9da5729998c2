//go:build !race

package campaign

// slowness is how much longer everything takes.
const slowness = 1
