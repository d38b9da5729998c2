// Package simulation says how simulated pods and nodes behave: which step a pod takes next and when, what its status is
// afterwards, what a kubelet would report about it, and how annotations steer all that. It is made of functions of
// Kubernetes objects; it calls no API. KWOK's engine, which the simulator package runs, calls it from its stages.
package simulation
