// Package simulator is the component that plays the nodes of a sandbox: it runs KWOK's engine with the stages of this
// package, answers as the kubelets of the nodes (logs, exec, port-forward), plays the storage driver, and finishes
// terminating namespaces without the usual wait. How pods and nodes behave is not decided here but in the simulation
// package.
package simulator
