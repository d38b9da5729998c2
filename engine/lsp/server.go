package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Debounce is how long the server waits after a change before it checks the file: a fast typist is not checked at every
// letter.
const Debounce = 80 * time.Millisecond

// ErrNoShutdown says that the client left without asking the server to shut down, which the protocol counts as an error.
var ErrNoShutdown = errors.New("the client left without a shutdown request")

// Server answers one client. Its documents live as long as the client has them open.
type Server struct {
	registry  *step.Registry
	options   Options
	common    []field.Field // of every step
	kinds     []FileKind
	projects  map[string]Project // by folder
	out       *writer
	documents map[string]*document
	pending   []string // URIs whose diagnostics are due when the timer fires
	client    client
	ready     bool
	shutdown  bool
}

// Options are what a server knows beside the step kinds.
type Options struct {
	// Version is what the server tells clients about itself.
	Version string
	// Project returns what a folder's files are checked with. It is asked once for each folder, and again when files
	// have changed on disk.
	Project func(dir string) Project
	// Kinds are the kinds of files that are no scenarios or templates and are checked as well.
	Kinds []FileKind
	// Buffers is where the server keeps what is open. Loaders that read files from there see what the author sees. Nil
	// means that nobody else reads them.
	Buffers *Buffers
}

// Project is what the files of a folder are checked with.
type Project struct {
	Loader *scenario.Loader
	// Objects knows the objects of manifests. Without it none is offered or found.
	Objects Objects
	// Library are the folders whose templates a name alone means.
	Library []string
}

// FileKind is a kind of file.
type FileKind struct {
	Kind   string // what the file says under kind
	Suffix string // of its name
	Fields []field.Field
	// Check says what is wrong in a file. Nil stands for the kinds that loaders check.
	Check func(file string, data []byte) diag.List
}

// New returns a server for the step kinds of a registry.
func New(registry *step.Registry, options Options) *Server {
	if options.Buffers == nil {
		options.Buffers = &Buffers{}
	}
	loaded := []FileKind{
		{Kind: scenario.KindScenario, Suffix: ".scenario", Fields: scenario.DocumentFields()},
		{Kind: scenario.KindTemplate, Suffix: ".template", Fields: scenario.TemplateFields()},
	}
	return &Server{
		registry: registry, options: options, documents: map[string]*document{}, common: scenario.CommonFields(),
		kinds: append(loaded, options.Kinds...), projects: map[string]Project{},
	}
}

// project returns what a document is checked with.
func (s *Server) project(d *document) Project {
	dir := d.dir()
	p, ok := s.projects[dir]
	if !ok {
		p = s.options.Project(dir)
		s.projects[dir] = p
	}
	return p
}

type incoming struct {
	message message
	err     error
}

// Serve speaks with one client until it exits, the stream ends or ctx is done; then in is closed.
func (s *Server) Serve(ctx context.Context, in io.ReadCloser, out io.Writer) error {
	s.out = &writer{out: out}
	messages := make(chan incoming)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		receive(reader{in: bufio.NewReader(in)}, messages, done)
	}()
	defer func() {
		close(done)
		_ = in.Close() // ends a read that is under way
		<-stopped
	}()
	return s.loop(ctx, messages)
}

// receive reads messages until the stream ends or done is closed.
func receive(r reader, messages chan<- incoming, done <-chan struct{}) {
	for {
		m, err := r.next()
		select {
		case messages <- incoming{m, err}:
		case <-done:
			return
		}
		var bad *responseError
		if err != nil && !errors.As(err, &bad) || m.Method == "exit" {
			return
		}
	}
}

func (s *Server) loop(ctx context.Context, messages <-chan incoming) error {
	timer := time.NewTimer(Debounce)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if err := s.publishPending(); err != nil {
				return err
			}
		case in := <-messages:
			waiting := len(s.pending)
			done, err := s.take(in)
			if done || err != nil {
				return err
			}
			if len(s.pending) > 0 && (in.message.Method == "textDocument/didChange" || waiting == 0) {
				timer.Reset(Debounce)
			}
		}
	}
}

// take handles one message and reports whether it was the last.
func (s *Server) take(in incoming) (done bool, err error) {
	var bad *responseError
	switch {
	case errors.As(in.err, &bad):
		return false, s.out.send(failure{Version: "2.0", ID: json.RawMessage("null"), Error: bad})
	case errors.Is(in.err, io.EOF) && s.shutdown:
		return true, nil
	case errors.Is(in.err, io.EOF):
		return true, ErrNoShutdown
	case in.err != nil:
		return true, in.err
	case in.message.Method == "exit" && s.shutdown:
		return true, nil
	case in.message.Method == "exit":
		return true, ErrNoShutdown
	case in.message.Method == "":
		return false, nil // an answer to something that was never asked
	case in.message.ID == nil:
		return false, s.notified(in.message)
	}
	result, err := s.answer(in.message)
	if err != nil {
		if !errors.As(err, &bad) {
			bad = &responseError{Code: codeInternal, Message: err.Error()}
		}
		return false, s.out.send(failure{Version: "2.0", ID: in.message.ID, Error: bad})
	}
	return false, s.out.send(response{Version: "2.0", ID: in.message.ID, Result: result})
}

// notified handles a message that wants no answer. One that can't be read is passed over, as the protocol asks for.
func (s *Server) notified(m message) error {
	switch m.Method {
	case "textDocument/didOpen":
		var p documentParams
		if json.Unmarshal(m.Params, &p) != nil {
			return nil
		}
		d := newDocument(p.TextDocument.URI, p.TextDocument.Version, p.TextDocument.Text)
		d.kind = s.kindOf(d)
		s.documents[d.uri] = d
		s.options.Buffers.keep(d)
		return s.publish(d)
	case "textDocument/didChange":
		var p changeParams
		if json.Unmarshal(m.Params, &p) == nil {
			s.change(p)
		}
	case "initialized":
		return s.watch()
	case "workspace/didChangeWatchedFiles":
		s.watched()
	case "textDocument/didClose":
		var p documentParams
		if json.Unmarshal(m.Params, &p) != nil || s.documents[p.TextDocument.URI] == nil {
			return nil
		}
		s.options.Buffers.forget(s.documents[p.TextDocument.URI])
		delete(s.documents, p.TextDocument.URI)
		return s.out.send(notification{"2.0", "textDocument/publishDiagnostics", publishParams{URI: p.TextDocument.URI, Diagnostics: []diagnostic{}}})
	}
	return nil
}

func (s *Server) change(p changeParams) {
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return
	}
	for _, c := range p.ContentChanges {
		text := c.Text
		if c.Range != nil {
			from := d.offset(c.Range.Start)
			to := max(from, d.offset(c.Range.End))
			text = d.text[:from] + c.Text + d.text[to:]
		}
		d.set(p.TextDocument.Version, text)
	}
	d.kind = s.kindOf(d)
	s.options.Buffers.keep(d)
	s.due(d)
	if d.kind == nil || d.kind.Kind == scenario.KindTemplate { // others may use it
		s.lookAgain(d)
	}
}

// due makes sure that the diagnostics of a document are sent when the author rests.
func (s *Server) due(d *document) {
	if !slices.Contains(s.pending, d.uri) {
		s.pending = append(s.pending, d.uri)
	}
}

// lookAgain checks all documents but one again, because a file has changed that they may use.
func (s *Server) lookAgain(changed *document) {
	for _, uri := range slices.Sorted(maps.Keys(s.documents)) {
		if d := s.documents[uri]; d != changed && d.ours() {
			d.inspection = nil
			s.due(d)
		}
	}
}

// watched handles changes of files on disk. A configuration may be among them.
func (s *Server) watched() {
	s.projects = map[string]Project{}
	s.lookAgain(nil)
}

func (s *Server) publishPending() error {
	uris := s.pending
	s.pending = nil
	for _, uri := range uris {
		if d := s.documents[uri]; d != nil {
			if err := s.publish(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer handles a request.
func (s *Server) answer(m message) (any, error) {
	switch {
	case m.Method == "initialize":
		s.ready = true
		s.introduce(m.Params)
		return s.capabilities(), nil
	case !s.ready:
		return nil, &responseError{Code: codeNotInitialized, Message: "expected initialize first, found " + m.Method}
	case m.Method == "shutdown":
		s.shutdown = true
		return nil, nil
	case s.shutdown:
		return nil, &responseError{Code: codeInvalidRequest, Message: "the server is shut down; only exit can follow"}
	}
	handle, ok := s.requests()[m.Method]
	if !ok {
		return nil, &responseError{Code: codeMethodNotFound, Message: fmt.Sprintf("method %q is not served", m.Method)}
	}
	return handle(m.Params)
}

type handler func(json.RawMessage) (any, error)

func (s *Server) requests() map[string]handler {
	return map[string]handler{
		"textDocument/completion":        at(s, s.completion),
		"textDocument/hover":             at(s, s.hover),
		"textDocument/definition":        at(s, s.definition),
		"textDocument/references":        s.references,
		"textDocument/documentHighlight": at(s, s.highlights),
		"textDocument/signatureHelp":     at(s, s.signatureHelp),
		"textDocument/prepareRename":     at(s, s.prepareRename),
		"textDocument/rename":            s.rename,
		"textDocument/documentSymbol":    s.symbols,
		"textDocument/codeAction":        s.actions,
		"textDocument/formatting":        s.formatting,
		"workspace/symbol":               s.workspaceSymbols,
	}
}

// at makes a handler of a function that wants a document and an offset. A document that is not a scenario has no answer.
func at[T any](s *Server, f func(*document, int) T) handler {
	return func(params json.RawMessage) (any, error) {
		var p positionParams
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
		}
		d := s.documents[p.TextDocument.URI]
		if d == nil || !d.ours() {
			return nil, nil
		}
		return f(d, d.offset(p.Position)), nil
	}
}

func (s *Server) capabilities() any {
	return map[string]any{
		"serverInfo": map[string]any{"name": "scenario-runner", "version": s.options.Version},
		"capabilities": map[string]any{
			"positionEncoding":           "utf-16",
			"textDocumentSync":           map[string]any{"openClose": true, "change": 2},
			"completionProvider":         map[string]any{"triggerCharacters": strings.Split(`. - { " '`, " ")},
			"hoverProvider":              true,
			"definitionProvider":         true,
			"referencesProvider":         true,
			"documentHighlightProvider":  true,
			"workspaceSymbolProvider":    true,
			"signatureHelpProvider":      map[string]any{"triggerCharacters": []string{"(", ","}},
			"renameProvider":             map[string]any{"prepareProvider": true},
			"documentSymbolProvider":     true,
			"documentFormattingProvider": true,
			"codeActionProvider":         map[string]any{"codeActionKinds": []string{"quickfix"}},
		},
	}
}
