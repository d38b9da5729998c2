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

// Database refuses, too.
func (possibleAddons) Database(context.Context) (settings.Connection, error) {
	return settings.Connection{}, errors.New("there is no sandbox here that could bring a database")
}

// boxAddons are the servers that the sandbox of a run brings. Each is started when the first step asks for it.
type boxAddons struct {
	mu      sync.Mutex
	box     *box
	started map[settings.Server]*settings.Endpoint
	// database is the PostgreSQL, nil before it is asked for.
	database *settings.Connection
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

// use says which sandbox brings them: the first, which is that of the default cluster when there is one.
func (a *boxAddons) use(b boxes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(b) > 0 {
		a.box = b[0]
	}
}

// Start asks the sandbox for the server.
func (a *boxAddons) Start(ctx context.Context, server settings.Server) (*settings.Endpoint, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.started[server]; e != nil {
		return e, nil
	}
	var reached struct {
		URL      string `json:"url"`
		RulesDir string `json:"rulesDir"`
	}
	if err := a.ask(ctx, string(server), server.Title(), &reached); err != nil {
		return nil, err
	}
	e := &settings.Endpoint{At: "the sandbox", URL: reached.URL, RulesDir: reached.RulesDir}
	a.started[server] = e
	return e, nil
}

// Database asks the sandbox for its PostgreSQL.
func (a *boxAddons) Database(ctx context.Context) (settings.Connection, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.database != nil {
		return *a.database, nil
	}
	var reached struct {
		URL          string `json:"url"`
		PasswordFile string `json:"passwordFile"`
	}
	if err := a.ask(ctx, settings.Postgres, "a PostgreSQL", &reached); err != nil {
		return settings.Connection{}, err
	}
	a.database = &settings.Connection{At: "the sandbox", Type: settings.Postgres, URL: reached.URL, Password: settings.Value{File: reached.PasswordFile}}
	return *a.database, nil
}

// ask has the sandbox start an add-on and reads how it is reached. title is what people call it.
func (a *boxAddons) ask(ctx context.Context, addon, title string, reached any) error {
	out, err := exec.CommandContext(ctx, a.box.binary, "addon", addon, "--name", a.box.Name).Output() //nolint:gosec // our own program
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("the sandbox can't bring %s: %s", title, strings.TrimPrefix(strings.TrimSpace(string(failed.Stderr)), "error: "))
	}
	if err != nil {
		return fmt.Errorf("the sandbox can't bring %s: %w", title, err)
	}
	if err := json.Unmarshal(out, reached); err != nil {
		return fmt.Errorf("the sandbox does not say how %s is reached: %w", title, err)
	}
	return nil
}
