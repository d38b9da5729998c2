package mock

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// longestBody is how much of a request is read.
const longestBody = 4 << 20

// backend answers by its scripts, the newest first. It is an http.Handler and safe for concurrent use.
type backend struct {
	box     *inbox.Box
	outputs Outputs

	mu      sync.Mutex
	scripts []*script // oldest first; the first one is that with which it was opened
}

// backendsKey is under what a run keeps its backends.
type backendsKey struct{}

func backendsOf(env *kube.Env) *inbox.Registry[backend] {
	b, _ := env.Shared(backendsKey{}, func() any { return inbox.NewRegistry[backend]("backend", "mock: {routes: …}") }).(*inbox.Registry[backend])
	return b
}

// listen opens a backend that lives until the scenario ends.
func listen(ctx context.Context, run *step.Run, c *Config, open *inbox.Registry[backend], boxes *inbox.Registry[inbox.Box]) (Outputs, error) {
	first, err := newScript(c, run.Scope)
	if err != nil {
		return Outputs{}, err
	}
	listener, place, err := inbox.Listen(ctx, cmp.Or(c.Host, inbox.Loopback), c.Port)
	if err != nil {
		return Outputs{}, err
	}
	b := &backend{
		box: inbox.NewBox(run.ID, cmp.Or(c.Keep, defaultKeep), run.Host.Mask), scripts: []*script{first},
		outputs: Outputs{Name: run.ID, URL: "http://" + place.Address, Address: place.Address, Port: place.Port},
	}
	if c.TLS != nil {
		config, ca, err := c.TLS.certify(time.Now())
		if err != nil {
			return Outputs{}, errors.Join(err, listener.Close())
		}
		listener = tls.NewListener(listener, config)
		b.outputs.URL, b.outputs.CA = "https://"+place.Address, ca
	}
	forget, remove := boxes.Put(run, b.box), open.Put(run, b)
	run.Host.Service("backend "+run.ID, func(ctx context.Context) error {
		defer forget()
		defer remove()
		defer func() {
			if data := b.box.Evidence(); data != nil {
				run.Host.Attach(run.ID+".json", data)
			}
		}()
		return inbox.Serve(ctx, listener, b)
	})
	return b.outputs, nil
}

// change puts a script before those that an open backend has.
func change(run *step.Run, c *Config, open *inbox.Registry[backend]) (Outputs, error) {
	b, err := open.Get(run, c.Of)
	if err != nil {
		return Outputs{}, err
	}
	next, err := newScript(c, run.Scope)
	if err != nil {
		return Outputs{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Restore {
		b.scripts = b.scripts[:1:1]
	}
	b.scripts = append(b.scripts, next)
	return b.outputs, nil
}

// current returns the scripts, the newest first.
func (b *backend) current() []*script {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.scripts)
	slices.Reverse(all)
	return all
}

// ServeHTTP keeps the request before it is answered, so that a client that has its answer can rely on it.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	if err != nil {
		b.box.Refuse(fmt.Sprintf("%s %s could not be read: %v", r.Method, r.URL.Path, err))
		http.Error(w, "the request could not be read", http.StatusRequestEntityTooLarge)
		return
	}
	request := inbox.NewRequest(r, body)
	a := b.decide(request)
	request.Status = a.told()
	b.box.Keep(request)
	a.send(r.Context(), w)
}

// decide finds the answer to a request.
func (b *backend) decide(r *inbox.Request) *answer {
	scripts := b.current()
	var held time.Duration
	if i := slices.IndexFunc(scripts, func(s *script) bool { return s.delay > 0 }); i >= 0 {
		held = scripts[i].delay // the newest that says so
	}
	a, err := b.find(scripts, r)
	if err != nil { // the script is wrong, not the client
		line := fmt.Sprintf("%s %s could not be answered: %v", r.Method, r.Path, err)
		b.box.Refuse(line)
		a = plain(http.StatusInternalServerError, "mock: "+line)
	}
	a.held = held
	return a
}

func (b *backend) find(scripts []*script, r *inbox.Request) (*answer, error) {
	for _, s := range scripts {
		if s.all != nil {
			return s.all.render(s.scope.With("request", r.Value()).With("index", 0))
		}
		if a, err := s.find(r); a != nil || err != nil {
			return a, err
		}
	}
	for _, s := range scripts {
		if s.unknown != nil {
			return s.unknown.render(s.scope.With("request", r.Value()).With("index", 0))
		}
	}
	return b.strange(scripts, r)
}

// strange answers a request that no script provides for, and remembers it.
func (b *backend) strange(scripts []*script, r *inbox.Request) (*answer, error) {
	line := fmt.Sprintf("%s %s has no route", r.Method, r.Path)
	asked := converse(r)
	talks := asked != nil && slices.ContainsFunc(scripts, func(s *script) bool { return s.chat != nil })
	if talks {
		line = fmt.Sprintf("%s %s: no answer fits the prompt %q", r.Method, r.Path, shorten(asked.prompt))
	}
	b.box.Refuse(line + "; it was answered with 501 Not Implemented")
	if talks {
		return refusal(asked.dialect, http.StatusNotImplemented, "mock: "+line)
	}
	return plain(http.StatusNotImplemented, "mock: "+line), nil
}

const shownPrompt = 80

func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > shownPrompt {
		return string(r[:shownPrompt]) + "…"
	}
	return text
}

func plain(status int, text string) *answer {
	return &answer{status: status, headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, body: []byte(text + "\n")}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
