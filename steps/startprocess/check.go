package startprocess

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

// longestGrace is how long the program may take to stop. The engine gives every service ten seconds.
const longestGrace = 8 * time.Second

var (
	portName    = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	highestPort = 65535
)

func check(c *Config, p *step.Problems) {
	process.CheckCommand("command", c.Command, p)
	if _, err := regexp.Compile(c.Ready.Log); err != nil {
		p.At("ready.log", "not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Ports)) {
		if !portName.MatchString(name) {
			p.AtKey("ports."+name, "invalid-name", "%q can't be named in an expression; use letters, digits and underscores", name)
		}
		if n := c.Ports[name]; n < 0 || n > highestPort {
			p.At("ports."+name, "there is no port %d; give 0 for a free one, or a number up to %d", n, highestPort)
		}
	}
	if p.Given("stopSignal") && c.StopSignal != "" {
		if _, err := process.SignalNamed(c.StopSignal); err != nil {
			p.At("stopSignal", "%s", err)
		}
	}
	if c.StopGrace > longestGrace {
		p.At("stopGrace", "a program has at most %s to end, so that the clean-up of the scenario does not hang; found %s", longestGrace, c.StopGrace)
	}
}

// outputs types the ports and captures by the names that this use gives them.
func outputs(c *Config) eval.Type {
	t := eval.TypeOfStruct(reflect.TypeFor[Outputs]())
	ports := eval.Type{Kind: eval.Object}
	for _, name := range slices.Sorted(maps.Keys(c.Ports)) {
		ports = ports.With(name, "Port called "+name+".", eval.Type{Kind: eval.Int})
	}
	t = t.With("ports", "Ports by the names given in ports.", ports)
	pattern, err := regexp.Compile(c.Ready.Log)
	if err != nil || c.Ready.Log == "" {
		return t
	}
	captures := eval.Type{Kind: eval.Object}
	for _, name := range pattern.SubexpNames() {
		if name != "" {
			captures = captures.With(name, "What the group "+name+" matched.", eval.Type{Kind: eval.String})
		}
	}
	return t.With("captures", "What the named groups of ready.log matched.", captures)
}
