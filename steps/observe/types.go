package observe

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Type returns what is known before the run of the value of the source, for expressions.
func (s Source) Type(in *step.Place, env *kube.Env) eval.Type {
	if len(s.given()) != 1 {
		return eval.AnyType
	}
	switch {
	case s.Object != nil:
		return env.TypeOf(in, *s.Object)
	case s.Objects != nil:
		return eval.ListOf(env.TypeOf(in, *s.Objects))
	case s.Events != nil:
		return eval.ListOf(eval.ObjectOf(eventFields))
	case s.Logs != nil:
		return eval.ListOf(eval.ObjectOf(lineFields))
	case s.HTTP != nil:
		return eval.ObjectOf(responseFields)
	case s.Alerts != nil:
		return eval.ListOf(eval.ObjectOf(alertFields))
	case s.PromQL != nil:
		return eval.ListOf(eval.ObjectOf(SampleFields))
	case s.Metrics != nil:
		return eval.ListOf(eval.ObjectOf(s.Metrics.fields))
	case s.Requests != nil:
		return eval.ListOf(inbox.Type())
	case s.SQL != nil:
		return s.SQL.rowType()
	}
	return eval.AnyType
}

func eventFields() []eval.Field {
	text, at := eval.Type{Kind: eval.String}, eval.Type{Kind: eval.Time}
	return []eval.Field{
		{Name: "type", Doc: "Normal or Warning.", Type: text},
		{Name: "reason", Doc: "Short reason, one word.", Type: text},
		{Name: "message", Doc: "What happened, for people.", Type: text},
		{Name: "object", Doc: "The object that it is about, as Pod/web-1.", Type: text},
		{Name: "kind", Doc: "Kind of that object.", Type: text},
		{Name: "name", Doc: "Name of that object.", Type: text},
		{Name: "count", Doc: "How often it happened.", Type: eval.Type{Kind: eval.Int}},
		{Name: "at", Doc: "When it happened last.", Type: at},
		{Name: "firstAt", Doc: "When it happened first.", Type: at},
		{Name: "source", Doc: "The component that reported it.", Type: text},
	}
}

func lineFields() []eval.Field {
	text := eval.Type{Kind: eval.String}
	return []eval.Field{
		{Name: "text", Doc: "The line.", Type: text},
		{Name: "pod", Doc: "Name of the pod.", Type: text},
		{Name: "container", Doc: "Name of the container.", Type: text},
		{Name: "at", Doc: "When it was logged.", Type: eval.Type{Kind: eval.Time}},
		{Name: "groups", Doc: "What the named groups of match found.", Type: eval.MapOf(text)},
	}
}

func responseFields() []eval.Field {
	text := eval.Type{Kind: eval.String}
	return []eval.Field{
		{Name: "status", Doc: "Status code.", Type: eval.Type{Kind: eval.Int}},
		{Name: "headers", Doc: "Headers, with names in lower case.", Type: eval.MapOf(text)},
		{Name: "body", Doc: "The body as text.", Type: text},
		{Name: "json", Doc: "The body as JSON, nil when it is none.", Type: eval.AnyType},
		{Name: "took", Doc: "How long the answer took.", Type: eval.Type{Kind: eval.Duration}},
	}
}

// Local returns the type of a name that conditions on the source have: the value itself and, of a list, matched, match,
// item and count. All other names are Any.
func (s Source) Local(in *step.Place, env *kube.Env, name string) eval.Type {
	traits := s.Traits()
	switch {
	case name == traits.Name:
		return s.Type(in, env)
	case !traits.Lists:
		return eval.AnyType
	}
	switch name {
	case "matched":
		return s.Type(in, env)
	case "match", "item":
		if elem := s.Type(in, env).Elem; elem != nil {
			return *elem
		}
	case "count":
		return eval.Type{Kind: eval.Int}
	}
	return eval.AnyType
}
