package glob_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/glob"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "arn:aws:eks:eu-1:1:cluster/shop", true},
		{"staging", "staging", true},
		{"staging", "staging-2", false},
		{"staging*", "staging-2", true},
		{"*-staging", "shop-staging", true},
		{"*-staging", "shop-staging-2", false},
		{"openshift-*", "openshift", false},
		{"openshift-*", "openshift-", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-b-b-d", false},
		{"a?c", "aöc", true},
		{"a?c", "ac", false},
		{"[ab]", "a", false},
		{"[ab]", "[ab]", true},
		{"**", "x", true},
	} {
		if got := glob.Match(test.pattern, test.name); got != test.want {
			t.Errorf("Match(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
}

// TestMatchIsLinearEnough holds that a hostile pattern takes no exponential time.
func TestMatchIsLinearEnough(t *testing.T) {
	start := time.Now()
	if glob.Match(strings.Repeat("a*", 200)+"b", strings.Repeat("a", 5000)) {
		t.Error("there is no b")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
