// Package kinds knows the kinds of Kubernetes without a cluster: how people may call them, and which fields their objects
// have, as types of expressions. Built-in kinds are read from the Go types of k8s.io/api, custom ones from the
// CustomResourceDefinitions that a scenario brings along.
//
// It reaches no server and says nothing of a kind that it does not know; what a server has is the part of package
// discovery.
package kinds
