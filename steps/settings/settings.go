// Package settings is what the configuration of a project (scenario-runner.yaml) tells steps: how databases and the
// servers of metrics and alerts are reached, and what a policy allows. It holds plain data; it reads no configuration
// file and connects to nothing. Steps get it from the Env of their run.
package settings

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Settings is what steps may know of the configuration. The zero Settings are those of a project that has none.
type Settings struct {
	Connections  map[string]Connection // by name
	Prometheus   *Endpoint             // nil when the project names none
	Alertmanager *Endpoint             // nil when the project names none
	Policy       Policy
	// Addons brings a Prometheus, an Alertmanager and databases when the project names none. Nil means that nobody does.
	Addons Addons
	// LookupEnv finds the environment variables that secrets come from. Nil means that of the process.
	LookupEnv func(string) (string, bool)
	// Now is the clock by which the hours of the policy are kept. Nil means that of the system.
	Now func() time.Time
}

// Hours refuses a fault of that duration outside of the hours in which the policy allows faults.
func (s *Settings) Hours(duration time.Duration) error {
	now := s.Now
	if now == nil {
		now = time.Now
	}
	return s.Policy.BusinessHours.Faults(now(), duration)
}

// Postgres is the type of connections to PostgreSQL.
const Postgres = "postgres"

// Connection says how a database is reached.
type Connection struct {
	Name string // in the configuration
	At   string // where it stands there: file:line:column
	Type string // "postgres"
	// Sandbox says that the cluster in the box brings the database, when there is one: then nothing below is given, and each
	// scenario gets a database of its own.
	Sandbox bool

	// URL, or what URLFrom holds, is the whole address, as in postgres://user@host:5432/database. Else the parts are given.
	URL      string
	URLFrom  Value
	Host     string
	Port     int // 0 means the usual one
	Database string
	User     string

	Password         Value // empty when none is given
	TLS              *TLS  // nil means what the URL says
	ReadOnly         bool  // refuse statements that change anything
	StatementTimeout time.Duration
}

// TLS says how a connection is protected and whom it trusts. Paths are absolute.
type TLS struct {
	CA                 string // file with the certificates of the authority, in PEM form; "" means those of the system
	Certificate, Key   string // files of the client's own certificate; "" means none
	ServerName         string // name that the server's certificate must have; "" means the one in the address
	InsecureSkipVerify bool
}

// Connection returns the connection of that name, as it is used in this run: one that the cluster in the box brings has
// no address yet. An error names those there are.
func (s *Settings) Connection(name string) (Connection, error) {
	c, named := s.Connections[name]
	switch {
	case named && c.Sandbox:
		return s.brought(c)
	case named:
		return c, nil
	case len(s.Connections) > 0:
		return Connection{}, fmt.Errorf("no connection %q in the configuration%s", name, diag.DidYouMean(name, s.ConnectionNames()))
	case s.Addons != nil:
		return Connection{Name: name, At: "the sandbox", Type: Postgres, Sandbox: true}, nil
	}
	return Connection{}, fmt.Errorf("no connection %q: the configuration has none; name it under connections in scenario-runner.yaml, or use --sandbox, which brings a database", name)
}

// brought returns a connection that the cluster in the box brings when there is one, and that may have an address for when
// there is none.
func (s *Settings) brought(c Connection) (Connection, error) {
	switch {
	case s.Addons != nil:
		return Connection{Name: c.Name, At: c.At, Type: c.Type, Sandbox: true, ReadOnly: c.ReadOnly, StatementTimeout: c.StatementTimeout}, nil
	case !c.Addressed():
		return Connection{}, fmt.Errorf("connection %q is one that --sandbox brings (%s), and there is no sandbox; use --sandbox, or give it an address there", c.Name, c.At)
	}
	c.Sandbox = false
	return c, nil
}

// Addressed reports whether the configuration says where the database is.
func (c Connection) Addressed() bool { return c.URL != "" || !c.URLFrom.IsZero() || c.Host != "" }

// ConnectionNames returns the names of all connections, sorted.
func (s *Settings) ConnectionNames() []string { return slices.Sorted(maps.Keys(s.Connections)) }

// Read returns what v stands for, as this process finds it.
func (s *Settings) Read(v Value) (string, error) { return v.read(s.LookupEnv) }
