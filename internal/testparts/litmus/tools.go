//go:build tools

// Package litmus pins the chaos operator that the tests of the injectChaos step run against. `make test-parts` builds it.
package litmus

import _ "github.com/litmuschaos/chaos-operator"
