package step_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestNamesThatCanMeanTheSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"node/a", "node/a", true},
		{"node/a", "node/b", false},
		{"node/*", "node/b", true},
		{"node/b", "*", true},
		{"node/a*", "node/b*", false},
		{"node/*", "node/b*", true},
		{"alert/*", "node/*", false},
		{"namespace/shop", "namespace/shop/pod/web-0", true},
		{"namespace/shop", "namespace/shops/pod/web-0", false},
		{"namespace/sh*", "namespace/shop/pod/web-0", true},
	} {
		if got := step.Conflict([]string{tt.a}, []string{tt.b}) != ""; got != tt.want {
			t.Errorf("that %q and %q mean the same is %v", tt.a, tt.b, got)
		}
		if got := step.Conflict([]string{"x/1", tt.a}, []string{"y/1", tt.b}); tt.want && tt.b != "*" && got != tt.a {
			t.Errorf("%q and %q have %q in common", tt.a, tt.b, got)
		}
	}
}
