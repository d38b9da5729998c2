package inbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// Request is one request that arrived.
type Request struct {
	Method  string
	Path    string
	Query   map[string]any
	Headers map[string]any // by lower-case name
	Body    any            // a value when it is JSON, else text
	Text    string
	Time    time.Time

	Route  string         // name of the route that took it, "" when none did or where there are no routes
	Params map[string]any // what stood in the places of the route's path
	Status int            // what it was answered with; 0 when the answer was broken off on purpose
}

// NewRequest returns what is kept of a request whose body was read.
func NewRequest(r *http.Request, body []byte) *Request {
	out := &Request{
		Method: r.Method, Path: r.URL.Path, Query: map[string]any{}, Headers: map[string]any{}, Params: map[string]any{},
		Text: string(body), Time: time.Now(),
	}
	for name, values := range r.URL.Query() {
		out.Query[name] = strings.Join(values, ",")
	}
	for name, values := range r.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	out.Headers["host"] = r.Host
	out.Body = out.Text
	if v, ok := web.Value(body); ok {
		out.Body = v
	}
	return out
}

// Value returns r as expressions see it.
func (r *Request) Value() map[string]any {
	return map[string]any{
		"method": r.Method, "path": r.Path, "query": r.Query, "headers": r.Headers, "body": r.Body, "text": r.Text, "time": r.Time,
		"route": r.Route, "params": r.Params, "status": r.Status,
	}
}

// secrets returns what must never be shown of r.
func (r *Request) secrets() []string {
	headers := make(map[string]string, len(r.Headers))
	for name, value := range r.Headers {
		headers[name], _ = value.(string)
	}
	return web.Secrets(headers, "")
}

// Type is the type of a kept request: what is in its body is known only when it has come.
func Type() eval.Type { return eval.Type{Kind: eval.Object, Fields: Fields()} }

// Fields lists what expressions see of a request.
func Fields() []eval.Field {
	text := eval.Type{Kind: eval.String}
	return []eval.Field{
		{Name: "method", Doc: "Method of the request.", Type: text},
		{Name: "path", Doc: "Path of its address.", Type: text},
		{Name: "query", Doc: "Parameters behind the ? of its address.", Type: eval.MapOf(text)},
		{Name: "headers", Doc: "Headers by lower-case name.", Type: eval.MapOf(text)},
		{Name: "body", Doc: "Body: a value when it is JSON, else text.", Type: eval.AnyType},
		{Name: "text", Doc: "Body as text.", Type: text},
		{Name: "time", Doc: "When it arrived.", Type: eval.Type{Kind: eval.Time}},
		{Name: "route", Doc: "Name of the route of a mock that took it; empty when none did.", Type: text},
		{Name: "params", Doc: "What stood in the places of the route's path.", Type: eval.MapOf(text)},
		{Name: "status", Doc: "Status that it was answered with; 0 when the answer was broken off on purpose.", Type: eval.Type{Kind: eval.Int}},
	}
}
