//go:build tools

// Package prometheus pins the Prometheus that is built where no package of it is to be had. It is a module of its own so
// that the main module stays free of Prometheus's dependencies, and it holds no code:
//
//	go build -o ../../../bin/testparts/prometheus github.com/prometheus/prometheus/cmd/prometheus
package prometheus

import _ "github.com/prometheus/prometheus/cmd/prometheus"
