// Package inbox is what arrived at the HTTP servers that steps open, the sinks of receive and the backends of mock: the
// requests that were kept, how they are told of to those who wait, and under which names the servers are found. It is no
// step, listens on nothing itself and claims nothing about what arrived.
package inbox
