package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// possibleAddons stand for those of a sandbox when it is not known yet whether there will be one: a file that needs a
// Prometheus is no mistake by itself.
type possibleAddons struct{}

// Start refuses: nothing is run by commands that only look at files.
func (possibleAddons) Start(context.Context, settings.Server) (*settings.Endpoint, error) {
	return nil, errors.New("there is no sandbox here that could bring it")
}

// boxAddons are the servers that the sandbox of a run brings. Each is started when the first step asks for it.
type boxAddons struct {
	mu      sync.Mutex
	box     *box
	started map[settings.Server]*settings.Endpoint
}

// addons returns the add-ons of this run, nil when it has no sandbox.
func (f *runFlags) addons() *boxAddons {
	if !f.sandbox {
		return nil
	}
	return &boxAddons{started: map[settings.Server]*settings.Endpoint{}}
}

// settings returns a as steps get it.
func (a *boxAddons) settings() settings.Addons {
	if a == nil {
		return nil // a nil pointer in an interface would not be nil
	}
	return a
}

// use says which sandbox it is.
func (a *boxAddons) use(b *box) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.box = b
}

// Start asks the sandbox for the server.
func (a *boxAddons) Start(ctx context.Context, server settings.Server) (*settings.Endpoint, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.started[server]; e != nil {
		return e, nil
	}
	out, err := exec.CommandContext(ctx, a.box.binary, "addon", string(server), "--name", a.box.Name).Output() //nolint:gosec // our own program
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("the sandbox can't bring %s: %s", server.Title(), strings.TrimPrefix(strings.TrimSpace(string(failed.Stderr)), "error: "))
	}
	if err != nil {
		return nil, fmt.Errorf("the sandbox can't bring %s: %w", server.Title(), err)
	}
	var reached struct {
		URL      string `json:"url"`
		RulesDir string `json:"rulesDir"`
	}
	if err := json.Unmarshal(out, &reached); err != nil {
		return nil, fmt.Errorf("the sandbox does not say how %s is reached: %w", server.Title(), err)
	}
	e := &settings.Endpoint{At: "the sandbox", URL: reached.URL, RulesDir: reached.RulesDir}
	a.started[server] = e
	return e, nil
}
