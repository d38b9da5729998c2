package receive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

const (
	slowestHeader = 10 * time.Second
	shutdownLimit = time.Second
)

// key names a sink: scenarios that run at the same time have sinks of the same name.
type key struct{ scenario, name string }

// registry holds the sinks that are open.
type registry struct {
	mu    sync.Mutex
	sinks map[key]*sink
}

func newRegistry() *registry { return &registry{sinks: map[key]*sink{}} }

func (r *registry) put(k key, s *sink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sinks[k] = s
}

// remove takes a sink out, unless another one has its name by now.
func (r *registry) remove(k key, s *sink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sinks[k] == s {
		delete(r.sinks, k)
	}
}

func (r *registry) get(k key) (*sink, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.sinks[k]; ok {
		return s, nil
	}
	var names []string
	for other := range maps.Keys(r.sinks) {
		if other.scenario == k.scenario {
			names = append(names, other.name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("no sink is open; open one with receive: {listen: …} in a step with the id %q", k.name)
	}
	proposal := diag.DidYouMean(k.name, names)
	if proposal == "" {
		proposal = "; open are " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("no sink is called %q%s", k.name, proposal)
}

// listen opens a sink that lives until the scenario ends.
func listen(ctx context.Context, run *step.Run, l *Listen, sinks *registry) (Outputs, error) {
	config := *l
	config.Host = cmp.Or(config.Host, defaultHost)
	config.Keep = cmp.Or(config.Keep, defaultKeep)
	config.Response.Status = cmp.Or(config.Response.Status, defaultStatus)
	s, err := newSink(run.ID, config, run.Host.Mask)
	if err != nil {
		return Outputs{}, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", net.JoinHostPort(config.Host, strconv.Itoa(config.Port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return Outputs{}, fmt.Errorf("port %d is taken by another program; give 0 for a free one", config.Port)
	}
	if err != nil {
		return Outputs{}, err
	}
	k := key{run.Scenario.ID, run.ID}
	sinks.put(k, s)
	run.Host.Service("sink "+run.ID, func(ctx context.Context) error {
		defer sinks.remove(k, s)
		return s.serve(ctx, listener, run)
	})
	port := listener.Addr().(*net.TCPAddr).Port
	address := net.JoinHostPort(shownHost(config.Host), strconv.Itoa(port))
	return Outputs{Name: run.ID, Address: address, Port: port, URL: "http://" + address + config.Path}, nil
}

// shownHost is the host by which this machine reaches a sink.
func shownHost(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return defaultHost
	}
	return host
}

func (s *sink) serve(ctx context.Context, listener net.Listener, run *step.Run) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: slowestHeader}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer s.attach(run)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if server.Shutdown(bounded) != nil {
		_ = server.Close() // a sender that never ends its request
	}
	<-ended
	return nil
}

// attach keeps what arrived as evidence.
func (s *sink) attach(run *step.Run) {
	all := s.state()
	if len(all.requests) == 0 {
		return
	}
	values := make([]any, len(all.requests))
	for i, r := range all.requests {
		values[i] = r.value()
	}
	if data, err := json.MarshalIndent(values, "", "  "); err == nil {
		run.Host.Attach(s.name+".json", append(data, '\n'))
	}
}
