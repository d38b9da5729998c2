package faults

import (
	"testing"
)

func inClusters(t *testing.T, all *table) {}
