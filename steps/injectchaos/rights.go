package injectchaos

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/builtin"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights of the driver that carries the experiment out: the first one that knows it, unless the author
// names one.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For(title(shown))
	ref := shown.Target.Ref
	experiment, known := catalogue.Get(c.Experiment)
	if !known {
		return r.Add(kube.Ref{}, "", "get", "patch").List()
	}
	if ref.Kind == "" && ref.Start == "" {
		ref.Kind = kindOf("", experiment)
	}
	driver := c.Driver
	if driver == auto || driver == "" || strings.Contains(driver, "${{") {
		driver = experiment.Drivers[0]
	}
	if driver == catalogue.Litmus {
		litmus.Needs(r, experiment, c.Litmus, ref)
	} else {
		builtin.Needs(r, experiment, ref)
	}
	return r.Claim(ref).List()
}
