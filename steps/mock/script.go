package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// script is what one step says about the answers of a backend. It is safe for concurrent use.
type script struct {
	scope   eval.Scope
	routes  []*route
	chat    *chat
	unknown *Reply
	all     *Reply
	delay   time.Duration
}

// route is a Route in use.
type route struct {
	*Route
	path path

	mu    sync.Mutex
	taken int
}

func newScript(c *Config, scope eval.Scope) (*script, error) {
	s := &script{scope: scope, unknown: c.Unknown, all: c.All, delay: c.Delay}
	for i := range c.Routes {
		r := &c.Routes[i]
		r.Name = cmp.Or(r.Name, r.Path)
		path, err := parsePath(r.Path)
		if err != nil {
			return nil, err
		}
		s.routes = append(s.routes, &route{Route: r, path: path})
	}
	if c.Chat == nil {
		return s, nil
	}
	s.chat = &chat{script: s, model: cmp.Or(c.Chat.Model, "mock")}
	for i := range c.Chat.Answers {
		t := &turn{Turn: &c.Chat.Answers[i]}
		match, err := regexp.Compile(t.Match)
		if err != nil {
			return nil, fmt.Errorf("chat.answers.%d.match: %w", i, err)
		}
		t.match = match
		s.chat.turns = append(s.chat.turns, t)
	}
	return s, nil
}

// find returns the answer of the first route that takes the request, nil when none does.
func (s *script) find(r *inbox.Request) (*answer, error) {
	for _, route := range s.routes {
		params, ok := route.path.match(r.Path)
		if !ok || len(route.Method) > 0 && !slices.Contains(route.Method, r.Method) {
			continue
		}
		r.Params = params
		scope := s.scope.With("request", r.Value())
		if route.When.IsSet() {
			takes, err := route.When.Eval(scope)
			if err != nil {
				return nil, fmt.Errorf("when of the route %s can't be told: %w", route.Name, err)
			}
			if !takes {
				continue
			}
		}
		r.Route = route.Name
		reply, index := route.next()
		return reply.render(s.scope.With("request", r.Value()).With("index", index))
	}
	r.Params = map[string]any{}
	return s.chat.find(r)
}

// next returns the reply whose turn it is, and how many requests the route took before.
func (r *route) next() (*Reply, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	index := r.taken
	r.taken++
	total := 0
	for i := range r.Answer {
		total += max(r.Answer[i].Times, 1)
	}
	at := index
	if r.Cycle {
		at %= total
	}
	for i := range r.Answer {
		if at -= max(r.Answer[i].Times, 1); at < 0 {
			return &r.Answer[i], index
		}
	}
	return &r.Answer[len(r.Answer)-1], index
}

// render evaluates what is in a reply.
func (r *Reply) render(scope eval.Scope) (*answer, error) {
	out := &answer{status: cmp.Or(r.Status, http.StatusOK), headers: map[string]string{}, manner: r.Manner}
	value, err := r.Body.Eval(scope)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	switch v := value.(type) {
	case nil:
	case string:
		out.body = []byte(v)
	default:
		if out.body, err = json.Marshal(v); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		out.headers["Content-Type"] = "application/json"
	}
	for name, text := range r.Headers {
		if out.headers[http.CanonicalHeaderKey(name)], err = text.Eval(scope); err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
	}
	return out, nil
}
