//go:build e2e

package endtoend

import (
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/internal/testparts"
)

// Everything happens on one node, one thing after the other: first what may run side by side, then what empties the node.
func TestRealPods(t *testing.T) {
	c := newCluster(t)
	c.defineLitmus(t)
	testparts.ChaosOperator(t, c.kubeconfig)
	before := c.objects(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T)
	}{
		{"stories", func(t *testing.T) { c.stories(t, "scenarios/real/*.scenario.yaml", "4") }},
		{"nodes", func(t *testing.T) { c.stories(t, "scenarios/real/nodes/*.scenario.yaml", "1") }},
		{"killed run", c.killedRun},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			tt.test(t)
			c.untilObjects(t, before)
			t.Logf("it took %s until the cluster was as before", time.Since(start).Round(time.Second))
		})
	}
}
