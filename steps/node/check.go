package node

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Taint is a taint as authors write it.
type Taint struct {
	Key    string `yaml:"key" required:"true" doc:"Key of the taint."`
	Value  string `yaml:"value" doc:"Value of the taint; empty if not given."`
	Effect string `yaml:"effect" required:"true" enum:"NoSchedule,PreferNoSchedule,NoExecute" doc:"What it does to pods that do not tolerate it."`
}

// UnmarshalText reads key=value:Effect and key:Effect.
func (t *Taint) UnmarshalText(text []byte) error {
	rest, effect, ok := strings.Cut(string(text), ":")
	key, value, _ := strings.Cut(rest, "=")
	if !ok || key == "" {
		return fmt.Errorf("%q is not a taint: write key=value:Effect or key:Effect, as in dedicated=database:NoSchedule", text)
	}
	if !slices.Contains(effects(), effect) {
		return fmt.Errorf("%q is not an effect of a taint%s", effect, diag.DidYouMean(effect, effects()))
	}
	*t = Taint{Key: key, Value: value, Effect: effect}
	return nil
}

// effects are the effects that taints can have.
func effects() []string {
	return []string{string(corev1.TaintEffectNoSchedule), string(corev1.TaintEffectPreferNoSchedule), string(corev1.TaintEffectNoExecute)}
}

// check reports what can be seen without a cluster.
func check(c *Config, p *step.Problems) {
	p.OneOf("", "name", "selector", "of")
	if p.Given("of") {
		kube.Expect(p, kube.Mention{Path: "of", Ref: c.Of, Acts: true})
		if c.Of.Kind != "" {
			if err := c.Of.Check(); err != nil {
				p.At("of", "%s", err)
			}
		}
	}
	if _, err := labels.Parse(c.Selector); err != nil {
		p.At("selector", "selector %q: %s", c.Selector, err)
	}
	if p.Given("count") && c.Count < 1 && !p.Dynamic("count") {
		p.At("count", "count must be 1 or more, found %d", c.Count)
	}
	if c.Action != "" {
		checkAction(c, p)
	}
}

// checkAction reports what does not belong to the action, or is missing from it.
func checkAction(c *Config, p *step.Problems) {
	only := []struct {
		field   string
		actions []string
	}{
		{"taints", []string{taint}},
		{"labels", []string{label}},
		{"remove", []string{taint, label}},
		{"force", []string{drain}},
		{"deleteEmptyDir", []string{drain}},
		{"gracePeriod", []string{drain}},
		{"wait", []string{drain}},
	}
	for _, o := range only {
		if p.Given(o.field) && !slices.Contains(o.actions, c.Action) {
			p.At(o.field, "%s is for the action %s, not for %s", o.field, strings.Join(o.actions, " or "), c.Action)
		}
	}
	switch {
	case c.Action == taint && !p.Given("taints") && !p.Given("remove"):
		p.Mistake("", "missing-field", "the action taint needs taints, or remove: which taints to take away")
	case c.Action == label && !p.Given("labels") && !p.Given("remove"):
		p.Mistake("", "missing-field", "the action label needs labels, or remove: which labels to take away")
	}
	checkKeys(c, p)
}

// checkKeys reports keys and values that no server takes.
func checkKeys(c *Config, p *step.Problems) {
	for i, t := range c.Taints {
		path := fmt.Sprintf("taints.%d", i)
		complain(p, path, "the key", t.Key, content.IsLabelKey)
		complain(p, path, "the value", t.Value, content.IsLabelValue)
	}
	for _, key := range sortedKeys(c.Labels) {
		complain(p, "labels", "the key", key, content.IsLabelKey)
		complain(p, "labels", "the value", c.Labels[key], content.IsLabelValue)
	}
	for i, key := range c.Remove {
		bare, effect, given := strings.Cut(key, ":")
		path := fmt.Sprintf("remove.%d", i)
		if given && (c.Action != taint || !slices.Contains(effects(), effect)) {
			p.At(path, "%q is not an effect of a taint%s", effect, diag.DidYouMean(effect, effects()))
		}
		complain(p, path, "the key", bare, content.IsLabelKey)
	}
}

func complain(p *step.Problems, path, what, text string, wrong func(string) []string) {
	if text == "" {
		return // not known yet, or allowed
	}
	if problems := wrong(text); len(problems) > 0 {
		p.At(path, "%s %q is not allowed: %s", what, text, problems[0])
	}
}
