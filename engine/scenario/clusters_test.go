package scenario_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClusters(t *testing.T) {
	for _, c := range []struct {
		written, home string
		locks         []string
	}{
		{"", "", []string{"cluster/west/node/b", "node/a"}},
		{"clusters: primary\n", "primary", []string{"cluster/primary/node/a", "cluster/west/node/b"}},
		{"clusters: [secondary, primary]\n", "secondary", []string{"cluster/secondary/node/a", "cluster/west/node/b"}},
		{"clusters: [default, primary]\n", "", []string{"cluster/west/node/b", "node/a"}},
	} {
		text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: far}\nlocks: [node/a, cluster/west/node/b]\n" + c.written + "steps:\n  - check: scenario.name == 'far'\n"
		s, diags := loader(t).Load("far.yaml", []byte(text))
		if s == nil || diags.HasErrors() {
			t.Fatal(c.written, diags)
		}
		if s.Home() != c.home {
			t.Errorf("%q: steps work on %q, want %q", c.written, s.Home(), c.home)
		}
		if diff := cmp.Diff(c.locks, s.Locks); diff != "" {
			t.Errorf("%q: locks (-want +got):\n%s", c.written, diff)
		}
	}
}

func TestClustersThatAreNone(t *testing.T) {
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: far}\nclusters: []\nsteps:\n  - check: scenario.name == 'far'\n"
	_, diags := loader(t).Load("far.yaml", []byte(text))
	const want = "clusters is empty; name the clusters of the scenario, or remove it for the default one"
	if len(diags) != 1 || diags[0].Message != want {
		t.Errorf("got %v, want %q", diags, want)
	}
}
