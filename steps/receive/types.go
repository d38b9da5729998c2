package receive

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// requestType is the type of a kept request: what is in its body is known only when it has come.
func requestType() eval.Type {
	text := eval.Type{Kind: eval.String}
	return eval.Type{Kind: eval.Object, Fields: []eval.Field{
		{Name: "method", Doc: "Method of the request.", Type: text},
		{Name: "path", Doc: "Path of its address.", Type: text},
		{Name: "query", Doc: "Parameters behind the ? of its address.", Type: eval.MapOf(text)},
		{Name: "headers", Doc: "Headers by lower-case name.", Type: eval.MapOf(text)},
		{Name: "body", Doc: "Body: a value when it is JSON, else text.", Type: eval.AnyType},
		{Name: "text", Doc: "Body as text.", Type: text},
		{Name: "time", Doc: "When it arrived.", Type: eval.Type{Kind: eval.Time}},
	}}
}

// local is the type of the names that conditions on requests have.
func local(_ *Config, _ *step.Place, name string) eval.Type {
	switch name {
	case "request":
		return requestType()
	case "requests":
		return eval.ListOf(requestType())
	}
	return eval.AnyType
}
