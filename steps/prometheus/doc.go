// Package prometheus is a client of the HTTP API of Prometheus: queries with typed results, rules and alerts, remote
// write, reload. It is shared by steps and sources, and is no step; how a server is reached is in package endpoint.
package prometheus
