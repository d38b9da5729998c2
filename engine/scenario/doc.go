// Package scenario turns a scenario file into a checked graph of steps. It collects every mistake of a file in one pass.
// It runs nothing and reaches no cluster.
package scenario
