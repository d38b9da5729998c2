package catalogue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
)

func TestEveryExperimentIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range catalogue.All() {
		if seen[e.Name] {
			t.Errorf("%s is there twice", e.Name)
		}
		seen[e.Name] = true
		if !strings.HasSuffix(e.Doc, ".") || e.Proof == "" || strings.HasSuffix(e.Proof, ".") || e.Scope == "" || e.Candidates == "" {
			t.Errorf("%s is not described: %+v", e.Name, e)
		}
		for _, p := range e.Parameters {
			if !strings.HasSuffix(p.Doc, ".") || p.Type == "" {
				t.Errorf("parameter %s of %s is not described", p.Name, e.Name)
			}
		}
		if _, mistakes := e.Check(defaults(e)); len(mistakes) > 0 {
			t.Errorf("the defaults of %s are no values: %v", e.Name, mistakes)
		}
	}
	if len(seen) != 22 {
		t.Errorf("the catalogue has %d experiments, expected the 22 of the language", len(seen))
	}
}

func defaults(e catalogue.Experiment) map[string]any {
	out := map[string]any{}
	for _, p := range e.Parameters {
		if p.Default != nil {
			out[p.Name] = p.Default
		}
	}
	return out
}

func TestWhatTheBuiltinDriverDoes(t *testing.T) {
	want := []string{
		"pod-delete", "container-kill", "pod-cpu-hog", "pod-memory-hog", "pod-io-stress", "disk-fill", "pod-network-partition", "dns-failure", "node-drain", "node-taint",
		"node-not-ready", "service-disruption", "config-corruption", "secret-corruption", "image-pull-failure", "quota-exhaustion", "scale-to-zero",
	}
	if diff := cmp.Diff(want, catalogue.By(catalogue.Builtin)); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(catalogue.By(catalogue.Litmus), "pod-memory-hog") {
		t.Error("litmus can't do pod-memory-hog")
	}
}

func TestCheckConvertsValues(t *testing.T) {
	tests := []struct {
		experiment string
		given      map[string]any
		want       catalogue.Values
	}{
		{"pod-delete", nil, catalogue.Values{}},
		{"pod-delete", map[string]any{"gracePeriod": "10s"}, catalogue.Values{"gracePeriod": 10 * time.Second}},
		{"pod-delete", map[string]any{"gracePeriod": time.Minute}, catalogue.Values{"gracePeriod": time.Minute}},
		{"pod-delete", map[string]any{"gracePeriod": nil}, catalogue.Values{}},
		{"disk-fill", map[string]any{"fill": "50%"}, catalogue.Values{"fill": 50}},
		{"disk-fill", map[string]any{"fill": 70.0, "container": "app"}, catalogue.Values{"fill": 70, "container": "app"}},
		{"pod-memory-hog", map[string]any{"megabytes": int64(20)}, catalogue.Values{"megabytes": 20}},
		{"node-not-ready", map[string]any{"silent": true}, catalogue.Values{"silent": true}},
	}
	for _, tt := range tests {
		e, _ := catalogue.Get(tt.experiment)
		got, mistakes := e.Check(tt.given)
		if diff := cmp.Diff(tt.want, got); diff != "" || len(mistakes) > 0 {
			t.Errorf("%s %v: %v %s", tt.experiment, tt.given, mistakes, diff)
		}
	}
}

func TestCheckReportsMistakes(t *testing.T) {
	tests := []struct {
		experiment string
		given      map[string]any
		want       []catalogue.Mistake
	}{
		{"pod-delete", map[string]any{"graceperiod": "1s", "gracePeriod": "soon"}, []catalogue.Mistake{
			{"gracePeriod", `parameter "gracePeriod" of pod-delete: expected a duration such as 30s, found "soon"`},
			{"graceperiod", `experiment pod-delete has no parameter "graceperiod"; did you mean "gracePeriod"?`},
		}},
		{"scale-to-zero", map[string]any{"replicas": 0}, []catalogue.Mistake{{"replicas", `experiment scale-to-zero has no parameters, found "replicas"`}}},
		{"disk-fill", map[string]any{"fill": 0, "container": []any{}}, []catalogue.Mistake{
			{"container", `parameter "container" of disk-fill: expected text, found a list`},
			{"fill", `parameter "fill" of disk-fill: expected a percentage from 1 to 100, found 0`},
		}},
		{"pod-memory-hog", map[string]any{"megabytes": 1.5}, []catalogue.Mistake{{"megabytes", `parameter "megabytes" of pod-memory-hog: expected a whole number, found 1.5`}}},
		{"node-not-ready", map[string]any{"silent": "yes"}, []catalogue.Mistake{{"silent", `parameter "silent" of node-not-ready: expected true or false, found "yes"`}}},
		{"config-corruption", map[string]any{"value": map[string]any{}}, []catalogue.Mistake{{"value", `parameter "value" of config-corruption: expected text, found a mapping`}}},
	}
	for _, tt := range tests {
		e, _ := catalogue.Get(tt.experiment)
		_, got := e.Check(tt.given)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.experiment, diff)
		}
	}
}

func TestUnknownExperiment(t *testing.T) {
	if _, ok := catalogue.Get("pod-kill"); ok {
		t.Error("pod-kill was found")
	}
}
