package receive

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// local is the type of the names that conditions on requests have.
func local(c *Config, _ *step.Place, name string) eval.Type {
	switch name {
	case "request":
		return requestType(c)
	case "requests":
		return eval.ListOf(requestType(c))
	}
	return eval.AnyType
}

// requestType is what is known of a request: all but its body, and that too when there is a schema.
func requestType(c *Config) eval.Type {
	t := inbox.Type()
	if c.Expect == nil || c.Expect.Schema == nil {
		return t
	}
	body, _ := t.Field("body")
	return t.With("body", body.Doc, web.TypeOfSchema(c.Expect.Schema))
}
