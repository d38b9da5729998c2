// Package process starts programs for steps: it finds the program, builds its environment, keeps the end of its output
// and ends it together with everything that it started, also when the runner itself was killed. It is no step; it knows
// nothing of readiness or of verdicts.
package process
