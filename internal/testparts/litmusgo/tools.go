//go:build tools

// Package litmusgo pins LitmusChaos's experiments and their helpers that tests of this project run. It is a module of its
// own so that the main module stays free of their dependencies, and it holds no code.
package litmusgo

import (
	_ "github.com/litmuschaos/litmus-go/bin/experiment"
	_ "github.com/litmuschaos/litmus-go/bin/helper"
)
