package observe

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Requests is the source that is what arrived at a sink of receive or a backend of mock.
type Requests struct {
	At    string `yaml:"at" required:"true" shorthand:"true" doc:"Id of the step that opened the sink or the backend." example:"llm"`
	Route string `yaml:"route" doc:"Only requests that this route of a mock took." example:"/orders/{id}"`
}

func (s *Requests) text() string {
	text := "requests at " + cmp.Or(s.At, "a sink")
	if s.Route != "" {
		text += " by the route " + s.Route
	}
	return text
}

func (*Requests) traits() Traits { return Traits{Name: "requests", Lists: true} }

func (s *Requests) check(path string, p *step.Problems) {
	if s.At == "" && !p.Dynamic(path) && !p.Dynamic(path+".at") {
		p.At(path, "requests needs at: the id of the step that opened the sink or the backend")
	}
	at := path + ".at"
	if !p.Given(at) {
		at = path // written as a text
	}
	inbox.Mention(p, at, s.At)
}

func (s *Requests) open(_ context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	box, err := inbox.Of(env).Get(run, s.At)
	if err != nil {
		return nil, err
	}
	return &requestsFeed{config: s, name: s.text(), box: box}, nil
}

type requestsFeed struct {
	config *Requests
	name   string
	box    *inbox.Box
}

// Once reads what the box holds now.
func (f *requestsFeed) Once(context.Context) (Look, error) { return f.look(f.box.State(), 0) }

// Watch looks each time that something arrives, with every after each single request.
func (f *requestsFeed) Watch(ctx context.Context, every bool, see func(Look) (bool, error)) error {
	shown := 0
	for first := true; ; first = false {
		state := f.box.State()
		from := len(state.Requests)
		if every && !first {
			from = min(shown+1, from)
		}
		for n := from; n <= len(state.Requests); n++ {
			l, err := f.look(state, len(state.Requests)-n)
			if err != nil {
				return err
			}
			if done, err := see(l); done || err != nil {
				return err
			}
		}
		shown = len(state.Requests)
		select {
		case <-state.Changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look gives the requests without so many of the newest ones. What found no room could be anything, so that no claim about
// all of them can be judged.
func (f *requestsFeed) look(state inbox.State, without int) (Look, error) {
	if state.Lost > 0 {
		return Look{}, fmt.Errorf("%s: %s arrived and only %d were kept, so nothing can be claimed about all of them; raise keep",
			f.name, plural(len(state.Requests)+state.Lost, "request"), len(state.Requests))
	}
	items, lines := []any{}, []string(nil)
	for _, r := range state.Requests[:len(state.Requests)-without] {
		if f.config.Route != "" && r.Route != f.config.Route {
			continue
		}
		items = append(items, r.Value())
		lines = append(lines, requestText(r))
	}
	return Look{Value: items, Items: items, At: time.Now(), evidence: requestEvidence{lines, state.Strange}, describe: func() string {
		if len(lines) == 0 {
			return f.name + ": none"
		}
		return fmt.Sprintf("%s: %d, the last one %s", f.name, len(lines), lines[len(lines)-1])
	}}, nil
}

type requestEvidence struct{ lines, strange []string }

// requestText writes a request for people, on one line.
func requestText(r *inbox.Request) string {
	text := fmt.Sprintf("%s %s, answered with %d", r.Method, r.Path, r.Status)
	if r.Status == 0 {
		text = fmt.Sprintf("%s %s, whose answer was broken off", r.Method, r.Path)
	}
	if body := strings.Join(strings.Fields(r.Text), " "); body != "" {
		text += ": " + shorten(body, 150)
	}
	return text
}

// Explain shows the last requests, and those that were for nobody.
func (f *requestsFeed) Explain(_ context.Context, l Look) []step.Section {
	evidence, _ := l.evidence.(requestEvidence)
	var out []step.Section
	for _, s := range []step.Section{{Title: f.name, Lines: evidence.lines}, {Title: "requests at " + f.config.At + " that were for nobody", Lines: evidence.strange}} {
		if over := len(s.Lines) - shownRows; over > 0 {
			s.Lines = append([]string{fmt.Sprintf("… %d before these", over)}, s.Lines[over:]...)
		}
		if len(s.Lines) > 0 {
			out = append(out, s)
		}
	}
	return out
}
