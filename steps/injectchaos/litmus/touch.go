package litmus

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
)

// Touches lists what the driver creates for an experiment beside its effect, in that order, for plans. namespace is that
// of the target, "" for the one in which the step works.
func Touches(experiment catalogue.Experiment, config *Config, namespace string) []step.Touch {
	c := Config{}
	if config != nil {
		c = *config
	}
	where := ""
	if namespace != "" && experiment.Scope != catalogue.Nodes {
		where = "namespace " + namespace
	}
	own := name(experiment)
	var out []step.Touch
	add := func(what, where string, count int) {
		out = append(out, step.Touch{Effect: step.Creates, Verb: "create", What: what, Where: where, Count: count})
	}
	if c.Install != nil && *c.Install {
		add("what is missing of the 3 definitions of Litmus's kinds", "the whole cluster", 3)
	}
	if c.allows(namespaced) {
		add("chaosexperiment/"+own+" when it is missing", where, 1)
	}
	if c.ServiceAccount == "" && c.allows(namespaced) {
		add("serviceaccount/"+own+"-…", where, 1)
		prefix, place := "", where
		if experiment.Scope == catalogue.Nodes {
			prefix, place = "cluster", "the whole cluster"
		}
		add(prefix+"role/"+own+"-…", place, 1)
		add(prefix+"rolebinding/"+own+"-…", place, 1)
	}
	add("chaosengine/"+own+"-…", where, 1)
	return out
}
