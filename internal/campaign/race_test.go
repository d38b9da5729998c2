//go:build race

package campaign

// slowness is how much longer everything takes under the race detector.
const slowness = 10
