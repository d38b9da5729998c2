package config

import (
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

var (
	plainName    = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// checker reports what the types of a configuration can't say.
type checker struct {
	config  *Config
	diags   *diag.List
	options Options
}

func (c *checker) check() {
	c.clusters()
	c.folders("crds", c.config.CRDs, false)
	c.folders("library", c.config.Library, true)
	for i, name := range c.config.Environment {
		if !variableName.MatchString(name) {
			c.report("%q is no name of an environment variable; it has letters, digits and underscores", []any{name}, "environment", strconv.Itoa(i))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.config.Connections)) {
		c.connection(name, c.config.Connections[name])
	}
	c.endpoint("prometheus", c.config.Prometheus)
	c.endpoint("alertmanager", c.config.Alertmanager)
	c.defaults()
	c.policy()
}

func (c *checker) report(format string, args []any, path ...string) {
	c.diags.Add(c.config.At(path...), "invalid-value", format, args...)
}

func (c *checker) clusters() {
	for _, name := range slices.Sorted(maps.Keys(c.config.Clusters)) {
		cluster := c.config.Clusters[name]
		if !plainName.MatchString(name) {
			c.report("%q is no name for a cluster; use letters, digits and inner dashes", []any{name}, "clusters", name)
		}
		if cluster.Kubeconfig == "" && cluster.Context == "" {
			c.report("cluster %q names neither a kubeconfig nor a context", []any{name}, "clusters", name)
		}
	}
}

// folders looks whether what is named is there.
func (c *checker) folders(key string, paths []string, onlyFolders bool) {
	home, _ := os.UserHomeDir() // without one, ~/ is a folder like others, and is not there
	for i, path := range paths {
		at := []string{key, strconv.Itoa(i)}
		info, err := os.Stat(c.config.Path(path, home))
		switch {
		case path == "":
			c.report("%s: a path is empty", []any{key}, at...)
		case errors.Is(err, fs.ErrNotExist):
			c.report("%s: %q does not exist; paths start in the folder of this file", []any{key, path}, at...)
		case err != nil:
			c.report("%s: %s", []any{key, err}, at...)
		case onlyFolders && !info.IsDir():
			c.report("%s: %q is a file; name the folder that holds the templates", []any{key, path}, at...)
		}
	}
}

func (c *checker) connection(name string, connection Connection) {
	at := func(rest ...string) []string { return append([]string{"connections", name}, rest...) }
	if !plainName.MatchString(name) {
		c.report("%q is no name for a connection; use letters, digits and inner dashes", []any{name}, at()...)
	}
	var ways []string
	for _, way := range []string{"url", "urlFrom", "host"} {
		if c.config.Given(at(way)...) {
			ways = append(ways, way)
		}
	}
	switch {
	case len(ways) == 0 && !connection.Sandbox:
		c.report("connection %q needs one of url, urlFrom, host, or sandbox: true", []any{name}, at()...)
	case len(ways) == 0:
		c.partsWithoutHost(at)
	case len(ways) > 1:
		c.report("only one of url, urlFrom, host can be given; %q is given already", []any{ways[0]}, at(ways[1])...)
	case ways[0] != "host":
		c.partsBesideURL(at)
	}
	c.databaseURL(connection.URL, at("url"))
	if connection.Port < 0 || connection.Port > 65535 {
		c.report("port: a port is from 1 to 65535, found %d", []any{connection.Port}, at("port")...)
	}
	c.secret(connection.URLFrom, at("urlFrom"))
	c.secret(connection.PasswordFrom, at("passwordFrom"))
	if t := connection.TLS; t != nil && (t.Cert == "") != (t.Key == "") {
		c.report("tls: cert and key are given together or not at all", nil, at("tls")...)
	}
}

// partsWithoutHost refuses what only belongs to an address.
func (c *checker) partsWithoutHost(at func(...string) []string) {
	for _, part := range []string{"port", "database", "user", "passwordFrom", "tls"} {
		if c.config.Given(at(part)...) {
			c.report("%s means nothing for a database that only the sandbox brings; give an address for runs without it, or remove it", []any{part}, at(part)...)
		}
	}
}

// partsBesideURL refuses what an address says already.
func (c *checker) partsBesideURL(at func(...string) []string) {
	for _, part := range []string{"port", "database", "user"} {
		if c.config.Given(at(part)...) {
			c.report("%s is a part of the address; write it there, or give host instead of the address", []any{part}, at(part)...)
		}
	}
}

func (c *checker) databaseURL(text string, at []string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		c.report("url: an address of a database is like postgres://user@host:5432/database", nil, at...)
		return
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		c.report("url: a password does not belong into a file that is shared; take it out, and say in passwordFrom where it comes from", nil, at...)
	}
}

func (c *checker) secret(s *Secret, at []string) {
	if s == nil {
		return
	}
	if (s.Env == "") == (s.File == "") {
		c.report("%s needs either env or file", []any{at[len(at)-1]}, at...)
	}
	if s.Env != "" && !variableName.MatchString(s.Env) {
		c.report("%q is no name of an environment variable; it has letters, digits and underscores", []any{s.Env}, append(at, "env")...)
	}
}

func (c *checker) endpoint(key string, e *Endpoint) {
	if e == nil {
		return
	}
	if u, err := url.Parse(e.URL); e.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		c.report("%s: an address starts with http:// or https:// and names a host; found %q", []any{key, e.URL}, key, "url")
	} else if u != nil && u.User != nil {
		c.report("%s: who logs in does not belong into the address; give headers or bearerFrom", []any{key}, key, "url")
	}
	c.secret(e.BearerFrom, []string{key, "bearerFrom"})
	if e.RulesDir != "" && key != "prometheus" {
		c.report("rulesDir: only Prometheus takes rules", nil, key, "rulesDir")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		value := e.Headers[name]
		given := 0
		for _, text := range []string{value.Value, value.Env, value.File} {
			if text != "" {
				given++
			}
		}
		if given != 1 {
			c.report("header %q needs a text, or one of env, file", []any{name}, key, "headers", name)
		}
		if strings.EqualFold(name, "Authorization") && e.BearerFrom != nil {
			c.report("header %q is given by bearerFrom already", []any{name}, key, "headers", name)
		}
	}
}

func (c *checker) defaults() {
	d := c.config.Defaults
	if c.config.Given("defaults", "parallel") && d.Parallel < 1 {
		c.report("parallel: at least 1 scenario runs at once, found %d", []any{d.Parallel}, "defaults", "parallel")
	}
	if d.Retries < 0 {
		c.report("retries: a scenario can't be run again %d times", []any{d.Retries}, "defaults", "retries")
	}
	for i, output := range d.Output {
		kind, _, _ := strings.Cut(output, "=")
		if len(c.options.Outputs) > 0 && !slices.Contains(c.options.Outputs, kind) {
			c.report("output: unknown kind %q%s", []any{kind, diag.DidYouMean(kind, c.options.Outputs)}, "defaults", "output", strconv.Itoa(i))
		}
	}
}

func (c *checker) policy() {
	p := c.config.Policy
	for i, kind := range p.ForbiddenSteps {
		if len(c.options.Kinds) > 0 && !slices.Contains(c.options.Kinds, kind) {
			c.report("forbiddenSteps: there is no step kind %q%s", []any{kind, diag.DidYouMean(kind, c.options.Kinds)}, "policy", "forbiddenSteps", strconv.Itoa(i))
		}
	}
	if c.config.Given("policy", "contexts") && len(p.Contexts) == 0 {
		c.report("contexts: an empty list would allow no context at all; name one, or leave the key out", nil, "policy", "contexts")
	}
	c.patterns("contexts", p.Contexts)
	c.patterns("forbiddenNamespaces", p.ForbiddenNamespaces)
	c.limit("maxPods", p.MaxPods)
	c.limit("maxNodes", p.MaxNodes)
	c.limit("maxRate", p.MaxRate)
	if c.config.Given("policy", "maxPercent") && (p.MaxPercent < 1 || p.MaxPercent > 100) {
		c.report("maxPercent must be from 1 to 100, found %d", []any{p.MaxPercent}, "policy", "maxPercent")
	}
	if key, _, pair := strings.Cut(p.RequireLabel, "="); c.config.Given("policy", "requireLabel") && (!pair || key == "") {
		c.report("requireLabel is a label as key=value, such as chaos=allowed, found %q", []any{p.RequireLabel}, "policy", "requireLabel")
	}
	if p.BusinessHours != nil {
		c.hours(*p.BusinessHours)
	}
}

func (c *checker) patterns(key string, patterns []string) {
	for i, pattern := range patterns {
		if strings.TrimSpace(pattern) == "" {
			c.report("%s: a pattern is empty", []any{key}, "policy", key, strconv.Itoa(i))
		}
	}
}

func (c *checker) limit(key string, limit int) {
	if c.config.Given("policy", key) && limit < 1 {
		c.report("%s: a limit is 1 or more, found %d", []any{key, limit}, "policy", key)
	}
}
