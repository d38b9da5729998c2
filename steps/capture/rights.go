package capture

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights to read what is kept.
func (s steps) needs(c, shown *Config, in *step.Place, w step.Written) []step.Right {
	r := s.env.Rights(in)
	for _, ref := range shown.Objects {
		r.For("capture " + ref.String()).Read(ref)
	}
	if c.Logs || w.Given("logs") && w.Text("logs") != "false" {
		of := shown.Of
		if !w.Given("of") {
			of = kube.Ref{APIVersion: "v1", Kind: "Pod"}
		}
		r.For("capture logs of "+of.String()).Pods(of, false).InPods(of, "log", "get")
	}
	return r.List()
}
