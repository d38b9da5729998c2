package discovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// Mapper answers which resource a type name means on one server. It is safe for concurrent use.
type Mapper struct {
	api  *client.Client
	file string

	turn chan struct{} // held while the server is asked, so that it is asked once

	mu      sync.Mutex
	known   []Mapping
	learned []learned
	asked   time.Time
}

// learned is a mapping read from a CustomResourceDefinition that this process has seen, before the server serves it.
type learned struct {
	Mapping
	at time.Time
}

// New returns a mapper that keeps what it finds under cacheDir, "" for nowhere. identity must differ for two servers
// that take turns on one address.
func New(api *client.Client, cacheDir, identity string) *Mapper {
	return &Mapper{api: api, file: cacheFile(cacheDir, identity), turn: make(chan struct{}, 1)}
}

// Find returns the mapping that a type name means: a kind, plural, singular or short name in any case, alone or followed
// by .group or .version.group. apiVersion narrows it when it is not "".
//
// A name that is not known makes the mapper ask the server again, because an earlier step may have added it.
func (m *Mapper) Find(ctx context.Context, apiVersion, name string) (Mapping, error) {
	if found, ok := m.lookup(apiVersion, name); ok {
		return found, nil
	}
	if m.warm() {
		if found, ok := m.lookup(apiVersion, name); ok {
			return found, nil
		}
	}
	// A new kind shows in the server's list a moment after it was made, so one look is not enough.
	for _, pause := range []time.Duration{0, 200 * time.Millisecond, 600 * time.Millisecond} {
		if err := client.Wait(ctx, pause); err != nil {
			return Mapping{}, err
		}
		if err := m.refresh(ctx); err != nil {
			return Mapping{}, err
		}
		if found, ok := m.lookup(apiVersion, name); ok {
			return found, nil
		}
	}
	return Mapping{}, m.unknown(apiVersion, name)
}

// Known is Find that asks nobody: it looks at what is known already.
func (m *Mapper) Known(apiVersion, name string) (Mapping, error) {
	if found, ok := m.lookup(apiVersion, name); ok {
		return found, nil
	}
	return Mapping{}, m.unknown(apiVersion, name)
}

// All returns every mapping of the server, in its order.
func (m *Mapper) All(ctx context.Context) ([]Mapping, error) {
	if !m.warm() {
		if err := m.refresh(ctx); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.known), nil
}

// Forget drops what is known, because the server turned out to have something else.
func (m *Mapper) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known, m.asked = nil, time.Now()
}

// Learn takes the kinds of a CustomResourceDefinition over without asking the server, which lists them only later.
func (m *Mapper) Learn(definition *unstructured.Unstructured) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mapping := range definedBy(definition) {
		m.learned = slices.DeleteFunc(m.learned, func(l learned) bool { return l.GVK() == mapping.GVK() })
		m.learned = append(m.learned, learned{mapping, time.Now()})
	}
}

// Fresh reports whether the mapping was learned from a definition so recently that the server may not serve it yet.
func (m *Mapper) Fresh(mapping Mapping) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.learned, func(l learned) bool {
		return l.GVK() == mapping.GVK() && time.Since(l.at) < 30*time.Second
	})
}

func (m *Mapper) lookup(apiVersion, name string) (Mapping, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mapping := range m.known {
		if mapping.called(name) && (apiVersion == "" || mapping.APIVersion() == apiVersion) {
			return mapping, true
		}
	}
	for _, l := range m.learned {
		if l.called(name) && (apiVersion == "" || l.APIVersion() == apiVersion) {
			return l.Mapping, true
		}
	}
	return Mapping{}, false
}

// warm reads the cache file the first time and reports whether anything is known.
func (m *Mapper) warm() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil && m.asked.IsZero() {
		m.known = load(m.file, time.Now())
	}
	return m.known != nil
}

// refresh asks the server, unless another caller did so while this one waited for its turn.
func (m *Mapper) refresh(ctx context.Context) error {
	wanted := time.Now()
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-m.turn }()
	m.mu.Lock()
	fresh := m.known != nil && m.asked.After(wanted)
	m.mu.Unlock()
	if fresh {
		return nil
	}
	mappings, err := fetch(ctx, m.api)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.known, m.asked = mappings, time.Now()
	m.mu.Unlock()
	save(m.file, mappings, time.Now())
	return nil
}

// unknown is the error for a name that the server does not have.
func (m *Mapper) unknown(apiVersion, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	word, group, _ := strings.Cut(name, ".")
	var names []string
	var elsewhere []string
	known := slices.Clone(m.known)
	for _, l := range m.learned {
		known = append(known, l.Mapping)
	}
	for _, mapping := range known {
		if group == "" || group == mapping.Group { // a like name in another group is another thing
			names = append(names, mapping.names()...)
		}
		if apiVersion != "" && mapping.called(word) {
			elsewhere = append(elsewhere, mapping.APIVersion())
		}
	}
	of := ""
	if apiVersion != "" {
		of = " in " + apiVersion
	}
	if len(elsewhere) > 0 {
		return fmt.Errorf("the server has no kind %q%s, but it has one in %s", name, of, strings.Join(slices.Compact(elsewhere), ", "))
	}
	if near := diag.Suggest(strings.ToLower(word), names); near != "" {
		return fmt.Errorf("the server has no kind %q%s; did you mean %q?", name, of, near)
	}
	return fmt.Errorf("the server has no kind %q%s; if it is a custom resource, apply its CustomResourceDefinition first", name, of)
}
