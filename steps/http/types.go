package http

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// local is the type of the name response in conditions: what is in the body is known only when it has come, unless there is
// a schema.
func local(c *Config, _ *step.Place, name string) eval.Type {
	if name != "response" {
		return eval.AnyType
	}
	text, body := eval.Type{Kind: eval.String}, eval.AnyType
	if c.Expect != nil && c.Expect.Schema != nil {
		body = web.TypeOfSchema(c.Expect.Schema)
	}
	return eval.Type{Kind: eval.Object, Fields: []eval.Field{
		{Name: "status", Doc: "Status code of the answer.", Type: eval.Type{Kind: eval.Int}},
		{Name: "headers", Doc: "Headers of the answer by lower-case name.", Type: eval.MapOf(text)},
		{Name: "body", Doc: "Body of the answer: a value when it is JSON, else text.", Type: body},
		{Name: "text", Doc: "Body of the answer as text.", Type: text},
		{Name: "took", Doc: "How long the request took, up to the end of its answer.", Type: eval.Type{Kind: eval.Duration}},
	}}
}
