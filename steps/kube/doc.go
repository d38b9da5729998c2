// Package kube is everything between our steps and Kubernetes: connections by cluster name, kinds, server-side apply,
// waiting without polling, readiness, the scenario's own namespace and the undo of every change.
//
// A step asks Env.Target for the place it works on and then reads, changes and waits through the Target. Every change
// outside the scenario's own namespace is written to the ledger before it is made; the own namespace needs one entry
// for all of it.
//
// The package is not a step, prints nothing and knows nothing of the scheduler. Sub-packages: client (HTTP and retries),
// discovery (kinds), watch (the hub), ready (readiness), explain (why it is not ready), kubetest (tests of steps).
package kube
