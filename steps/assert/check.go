package assert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

var givenName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are the names that expressions have everywhere.
func reserved() []string {
	return []string{"vars", "matrix", "env", "secrets", "scenario", "cluster", "steps"}
}

func check(c *Config, p *step.Problems) {
	if len(c.That) == 0 && len(c.Never) == 0 && !p.Dynamic("that") && !p.Dynamic("never") {
		p.At("", "assert needs a claim; write that or never")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Given)) {
		path := "given." + name
		switch {
		case !givenName.MatchString(name):
			p.AtKey(path, "invalid-name", "%q can't be a name in expressions; use letters, digits and underscores", name)
		case slices.Contains(reserved(), name):
			p.AtKey(path, "invalid-name", "the name %q has a meaning already; choose another one than %s", name, strings.Join(reserved(), ", "))
		}
		source := c.Given[name]
		source.Check(path, p)
		if !c.uses(name) {
			p.Warn(path, "unused-given", "nothing uses %q", name)
		}
	}
	checkTimes(c, p)
	roots := map[string]kube.Root{}
	for name, source := range c.Given {
		if root, ok := source.Root(); ok {
			roots[name] = root
		}
	}
	for i, claim := range c.That {
		kube.Amounts(p, claimPath(p, "that", i), claim.Program(), roots)
	}
	for i, claim := range c.Never {
		kube.Amounts(p, claimPath(p, "never", i), claim.Program(), roots)
	}
}

// claimPath is the path of a claim, which may be written without the list.
func claimPath(p *step.Problems, key string, i int) string {
	if n := p.Node(key); n != nil && n.Kind != yaml.SequenceNode {
		return key
	}
	return fmt.Sprintf("%s.%d", key, i)
}

// uses reports whether a claim or the message names a source.
func (c *Config) uses(name string) bool {
	for _, claim := range claimsOf(c) {
		if slices.Contains(claim.names(), name) {
			return true
		}
	}
	for _, program := range c.Message.Programs() {
		if slices.Contains(namesIn(program), name) {
			return true
		}
	}
	return false
}

func checkTimes(c *Config, p *step.Problems) {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"within", c.Within}, {"always", c.Always}, {"for", c.For}} {
		if f.value < 0 {
			p.At(f.name, "%s: expected a positive duration, found %s", f.name, observe.Span(f.value))
		}
		if f.value > 0 && len(c.Given) == 0 {
			p.At(f.name, "%s needs something that can change; name a source under given", f.name)
		}
	}
	if p.Given("within") && (p.Given("always") || len(c.Never) > 0) {
		p.At("within", "within can't be joined with always or never; write waitFor with holdsFor, or two steps")
	}
	if p.Given("always") && len(c.That) == 0 {
		p.At("always", "always needs claims; write that")
	}
	if len(c.Never) > 0 && c.For == 0 && !p.Dynamic("for") {
		p.At("never", "never needs for: how long must it not happen? as in for: 30s")
	}
	if p.Given("for") && len(c.Never) == 0 {
		p.At("for", "for belongs to never; write always for claims that must stay true")
	}
}
