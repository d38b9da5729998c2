// Package faults holds what each step says, and how it judges, when the server that it talks to fails: one table of steps and
// faults, which docs/faults.md shows. It has tests only.
package faults
