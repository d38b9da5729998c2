//go:build tools

// Package litmus pins LitmusChaos's operator that tests of this project run. It is a module of its own so that the main
// module stays free of the operator's dependencies, and it holds no code:
//
//	go build -o ../../../bin/testparts/chaos-operator github.com/litmuschaos/chaos-operator
package litmus

import _ "github.com/litmuschaos/chaos-operator"
