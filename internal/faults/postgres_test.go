package faults

import (
	"testing"
)

func inDatabases(t *testing.T, all *table) {}
