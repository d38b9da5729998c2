// Package endtoend tests the built programs on real pods: the sandbox with a real node, LitmusChaos's own operator and
// experiments, and the stories of scenarios/real, run as a user runs them. `make e2e-real` starts it; it needs Linux and root.
//
// It holds no code of the product. The folders below it are programs and images that the tests need.
package endtoend
