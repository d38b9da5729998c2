package main

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// settings returns what steps may know of the configuration.
func (p *project) settings() settings.Settings {
	s := settings.Settings{LookupEnv: os.LookupEnv, Policy: p.policy()}
	for _, name := range slices.Sorted(maps.Keys(p.Connections)) {
		if s.Connections == nil {
			s.Connections = map[string]settings.Connection{}
		}
		s.Connections[name] = p.connection(name, p.Connections[name])
	}
	s.Prometheus = p.endpoint("prometheus", p.Prometheus)
	s.Alertmanager = p.endpoint("alertmanager", p.Alertmanager)
	return s
}

func (p *project) connection(name string, c config.Connection) settings.Connection {
	out := settings.Connection{
		Name: name, At: p.At("connections", name).String(), Type: c.Type, Sandbox: c.Sandbox, URL: c.URL, URLFrom: p.secret(c.URLFrom),
		Host: c.Host, Port: c.Port, Database: c.Database, User: c.User, Password: p.secret(c.PasswordFrom),
		ReadOnly: c.ReadOnly, StatementTimeout: c.StatementTimeout,
	}
	if t := c.TLS; t != nil {
		out.TLS = &settings.TLS{
			CA: p.absolute(t.CA), Certificate: p.absolute(t.Cert), Key: p.absolute(t.Key),
			ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
		}
	}
	return out
}

func (p *project) endpoint(key string, e *config.Endpoint) *settings.Endpoint {
	if e == nil {
		return nil
	}
	out := &settings.Endpoint{At: p.At(key).String(), URL: strings.TrimRight(e.URL, "/"), Bearer: p.secret(e.BearerFrom), RulesDir: p.absolute(e.RulesDir)}
	for name, value := range e.Headers {
		if out.Headers == nil {
			out.Headers = map[string]settings.Value{}
		}
		out.Headers[name] = settings.Value{Text: value.Value, Env: value.Env, File: p.absolute(value.File)}
	}
	if t := e.TLS; t != nil {
		out.TLS = &settings.TLS{CA: p.absolute(t.CA), ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
	}
	return out
}

func (p *project) policy() settings.Policy {
	out := settings.Policy{
		Contexts:            p.patterns("contexts", p.Policy.Contexts),
		ForbiddenNamespaces: p.patterns("forbiddenNamespaces", p.Policy.ForbiddenNamespaces),
		MaxPods:             p.Policy.MaxPods, MaxNodes: p.Policy.MaxNodes, MaxPercent: p.Policy.MaxPercent,
		MaxRate: p.Policy.MaxRate, MaxDuration: p.Policy.MaxDuration,
		BusinessHours: p.hours(p.Policy.BusinessHours), Confirm: cmp.Or(settings.Consent(p.Policy.Confirm), settings.Ask),
		LocksRequired: p.Policy.Locks == requiredLocks,
	}
	if p.Policy.RequireLabel != "" {
		out.RequireLabel = settings.Pattern{Glob: p.Policy.RequireLabel, At: p.At("policy", "requireLabel").String()}
	}
	return out
}

// hours returns hours that were checked when the configuration was read, so that nothing of them can be wrong here.
func (p *project) hours(h *config.Hours) *settings.Hours {
	if h == nil {
		return nil
	}
	out := &settings.Hours{Outside: h.Outside, At: p.At("policy", "businessHours").String()}
	out.Days, _ = h.Weekdays()
	out.From, out.To, _ = h.Span()
	out.Zone, _ = h.Location()
	return out
}

func (p *project) patterns(key string, globs []string) []settings.Pattern {
	var out []settings.Pattern
	for i, glob := range globs {
		out = append(out, settings.Pattern{Glob: glob, At: p.At("policy", key, strconv.Itoa(i)).String()})
	}
	return out
}

func (p *project) secret(s *config.Secret) settings.Value {
	if s == nil {
		return settings.Value{}
	}
	return settings.Value{Env: s.Env, File: p.absolute(s.File)}
}

// absolute returns a path of the configuration for undos as well, which another process may carry out from elsewhere.
func (p *project) absolute(path string) string {
	path = p.path(path)
	if path == "" {
		return ""
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
