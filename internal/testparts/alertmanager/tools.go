//go:build tools

// Package alertmanager pins the Alertmanager that tests of this project run against. It is a module of its own so that
// the main module stays free of Alertmanager's dependencies, and it holds no code:
//
//	go build -o ../../../bin/testparts/alertmanager github.com/prometheus/alertmanager/cmd/alertmanager
package alertmanager

import _ "github.com/prometheus/alertmanager/cmd/alertmanager"
