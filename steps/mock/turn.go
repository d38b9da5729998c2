package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// chat is a Chat in use.
type chat struct {
	script *script
	model  string
	turns  []*turn
}

// turn is a Turn in use.
type turn struct {
	*Turn
	match *regexp.Regexp

	mu    sync.Mutex
	given int
}

// spoken is what a model says, evaluated.
type spoken struct {
	text   string
	calls  []called
	finish string
}

type called struct {
	name      string
	arguments any
}

// find returns what the model says, nil when that is nothing or when it is not asked.
func (c *chat) find(r *inbox.Request) (*answer, error) {
	if c == nil {
		return nil, nil
	}
	if models := c.models(r); models != nil {
		r.Route = "chat"
		return models, nil
	}
	asked := converse(r)
	if asked == nil {
		return nil, nil
	}
	for _, t := range c.turns {
		scope, ok, err := t.fits(asked, r, c.script.scope)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		said, err := t.say(scope)
		if err != nil {
			return nil, err
		}
		r.Route = "chat"
		return t.answer(c, asked, said)
	}
	return nil, nil
}

// fits reports whether the answer is one to the prompt, and takes one of those that are left.
func (t *turn) fits(asked *conversation, r *inbox.Request, scope eval.Scope) (eval.Scope, bool, error) {
	found := t.match.FindStringSubmatch(asked.prompt)
	if found == nil {
		return nil, false, nil
	}
	groups := map[string]any{}
	for i, name := range t.match.SubexpNames() {
		if name != "" {
			groups[name] = found[i]
		}
	}
	scope = scope.With("request", r.Value()).With("prompt", asked.prompt).With("groups", groups)
	if t.When.IsSet() {
		if ok, err := t.When.Eval(scope); !ok || err != nil {
			if err != nil {
				err = fmt.Errorf("%s can't be told: %w", t.When.Source(), err)
			}
			return nil, false, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Times > 0 && t.given >= t.Times {
		return nil, false, nil
	}
	t.given++
	return scope.With("index", t.given-1), true, nil
}

// say evaluates what the model says.
func (t *turn) say(scope eval.Scope) (spoken, error) {
	var out spoken
	value, err := t.Say.Eval(scope)
	if err != nil {
		return out, fmt.Errorf("say: %w", err)
	}
	switch v := value.(type) {
	case nil:
	case string:
		out.text = v
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return out, fmt.Errorf("say: %w", err)
		}
		out.text = string(data)
	}
	for _, c := range t.Call {
		arguments, err := c.Arguments.Eval(scope)
		if err != nil {
			return out, fmt.Errorf("arguments of %s: %w", c.Name, err)
		}
		if arguments == nil {
			arguments = map[string]any{}
		}
		out.calls = append(out.calls, called{c.Name, arguments})
	}
	out.finish = t.Finish
	if out.finish == "" && len(out.calls) > 0 {
		out.finish = "tool_calls"
	}
	out.finish = cmp.Or(out.finish, "stop")
	return out, nil
}

// answer writes what is said in the API that the client speaks.
func (t *turn) answer(c *chat, asked *conversation, said spoken) (*answer, error) {
	w := writing{asked: asked, said: said, model: cmp.Or(asked.model, c.model)}
	var a *answer
	var err error
	switch status := cmp.Or(t.Status, http.StatusOK); {
	case status != http.StatusOK:
		a, err = refusal(asked.dialect, status, cmp.Or(said.text, http.StatusText(status)))
	case asked.dialect == openAI:
		a, err = w.openAI()
	default:
		a, err = w.ollama()
	}
	if err != nil {
		return nil, err
	}
	a.manner = t.Manner
	return a, nil
}

// refusal is an error in the form of an API.
func refusal(d dialect, status int, message string) (*answer, error) {
	var body any = map[string]any{"error": message}
	if d == openAI {
		body = map[string]any{"error": map[string]any{"message": message, "type": "mock_error", "param": nil, "code": nil}}
	}
	return document(status, body)
}

func document(status int, body any) (*answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &answer{status: status, headers: map[string]string{"Content-Type": "application/json"}, body: data}, nil
}

// models answers the questions which models there are, nil to other requests.
func (c *chat) models(r *inbox.Request) *answer {
	if r.Method != http.MethodGet {
		return nil
	}
	var body any
	switch r.Path {
	case "/v1/models":
		body = map[string]any{"object": "list", "data": []any{map[string]any{"id": c.model, "object": "model", "created": 0, "owned_by": "mock"}}}
	case "/api/tags":
		body = map[string]any{"models": []any{map[string]any{"name": c.model, "model": c.model, "size": 0, "digest": "", "details": map[string]any{}}}}
	case "/api/version":
		body = map[string]any{"version": "0.0.0-mock"}
	default:
		return nil
	}
	a, err := document(http.StatusOK, body)
	if err != nil {
		return nil // these can be written
	}
	return a
}
