package postgres

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// usualPort is the port of a server that names none.
const usualPort = 5432

// Connection is how the author of a scenario says which database is meant: by the name that the configuration of the
// project has for it, or by an address.
type Connection struct {
	Name         string  `yaml:"name" shorthand:"true" doc:"Name under connections in scenario-runner.yaml." example:"history"`
	URL          string  `yaml:"url" doc:"The whole address without a password." example:"postgres://qa@127.0.0.1:5432/history"`
	Host         string  `yaml:"host" doc:"Name or address of the server."`
	Port         int     `yaml:"port" doc:"Port of the server; 5432 if not given." example:"5432"`
	Database     string  `yaml:"database" doc:"Name of the database."`
	User         string  `yaml:"user" doc:"Who logs in."`
	Password     string  `yaml:"password" doc:"Password; it is masked in every output." example:"${{ secrets.history }}"`
	PasswordFrom *Secret `yaml:"passwordFrom" doc:"Where the password comes from, when an undo needs it after the run as well." example:"{env: HISTORY_PASSWORD}"`
	TLS          *TLS    `yaml:"tls" doc:"Use TLS, and whom to trust. Without it the connection is encrypted only when url says sslmode=verify-full or sslmode=require."`
}

// Secret says where a secret comes from.
type Secret struct {
	Env  string `yaml:"env" doc:"Environment variable that holds it."`
	File string `yaml:"file" doc:"File that holds it, relative to the scenario's folder." refers:"file"`
}

// TLS says whom to trust, and as whom to present oneself. Paths stay inside the scenario's folder.
type TLS struct {
	CA                 string `yaml:"ca" doc:"File with the certificates of the authority that signed the server's, in PEM form, inside the scenario's folder." refers:"file"`
	Cert               string `yaml:"cert" doc:"File with the client's own certificate, in PEM form." refers:"file"`
	Key                string `yaml:"key" doc:"File with the key of the client's certificate, in PEM form." refers:"file"`
	ServerName         string `yaml:"serverName" doc:"Name that the server's certificate must have, when it is not the one in the address."`
	InsecureSkipVerify bool   `yaml:"insecureSkipVerify" doc:"Talk to any server, whoever it is. Nothing that it says proves anything then."`
}

// String names the database for people, without a password.
func (c Connection) String() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.URL != "":
		return shownURL(c.URL)
	case c.Host != "":
		return fmt.Sprintf("%s:%d/%s", c.Host, cmp.Or(c.Port, usualPort), c.Database)
	}
	return "a database"
}

// shownURL returns the part of an address that tells databases apart.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "a database" // what can't be taken apart may hold a password anywhere
	}
	port := cmp.Or(u.Port(), fmt.Sprint(usualPort))
	return u.Hostname() + ":" + port + u.EscapedPath()
}

// inline lists the fields that stand for an address, in the order of the declaration.
func inline() []string {
	return []string{"url", "host", "port", "database", "user", "password", "passwordFrom", "tls"}
}

// Check reports the mistakes of a connection at a dotted path of the config.
func (c Connection) Check(path string, p *step.Problems) {
	given := func(field string) bool { return p.Given(path + "." + field) }
	switch {
	case c.Name != "" && strings.Contains(c.Name, "://"):
		p.At(path, "a connection is written by its name in scenario-runner.yaml; write an address as connection: {url: …}")
		return
	case c.Name != "":
		for _, field := range inline() {
			if given(field) {
				p.Mistake(path+"."+field, "exclusive-fields", "only one of name, %s can be given: the name stands for all of it", field)
			}
		}
		return
	case p.Dynamic(path) && !slices.ContainsFunc(inline(), given):
		return // a name by expression
	case given("url"):
		c.checkURL(path, p)
	default:
		c.checkParts(path, p)
	}
	c.checkSecret(path, p)
	c.TLS.check(path+".tls", p)
}

// CheckSettings reports a connection by a name that the configuration of the project does not have.
func (c Connection) CheckSettings(path string, s *settings.Settings, p *step.Problems) {
	if c.Name == "" || strings.Contains(c.Name, "://") {
		return
	}
	if _, err := s.Connection(c.Name); err != nil {
		p.At(path, "%s", err)
	}
}

func (c Connection) checkURL(path string, p *step.Problems) {
	for _, field := range []string{"host", "port", "database", "user"} {
		if p.Given(path + "." + field) {
			p.Mistake(path+"."+field, "exclusive-fields", "only one of url, %s can be given: the url says it already", field)
		}
	}
	if c.URL == "" {
		return // by expression
	}
	a, err := parseURL(c.URL)
	if err != nil {
		p.At(path+".url", "%s", err)
		return
	}
	if a.password != "" && p.Literal(path+".url") {
		p.Warn(path+".url", "plain-password", "everybody who reads this file reads the password; write password: ${{ secrets.… }} beside the url")
	}
	if a.secure && c.TLS != nil {
		p.At(path+".tls", "the url says how TLS is used already; remove sslmode from it")
	}
}

func (c Connection) checkParts(path string, p *step.Problems) {
	for _, field := range []string{"host", "database", "user"} {
		if !p.Given(path + "." + field) {
			p.Mistake(path, "missing-field", "needs a name from scenario-runner.yaml, or url, or host, database and user; %s is missing", field)
			return
		}
	}
	if c.Port < 0 || c.Port > 65535 {
		p.At(path+".port", "port: expected a number from 1 to 65535, found %d", c.Port)
	}
}

func (c Connection) checkSecret(path string, p *step.Problems) {
	if p.Given(path+".password") && p.Given(path+".passwordFrom") {
		p.Mistake(path+".passwordFrom", "exclusive-fields", "only one of password, passwordFrom can be given")
	}
	if c.Password != "" && p.Literal(path+".password") {
		p.Warn(path+".password", "plain-password", "everybody who reads this file reads the password; write ${{ secrets.… }} and name the secret under secrets")
	}
	if c.PasswordFrom != nil && p.Given(path+".passwordFrom") {
		p.OneOf(path+".passwordFrom", "env", "file")
	}
}
