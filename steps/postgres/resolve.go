package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// Target is a database and how to log in there. It holds the password: it is never written anywhere.
type Target struct {
	Label            string // what people call the database: its name in the configuration, or its address
	Host             string
	Port             int
	Database, User   string
	ReadOnly         bool          // the configuration refuses changes
	StatementTimeout time.Duration // 0 means that nobody said

	password string
	tls      *settings.TLS       // nil means no TLS
	from     settings.Connection // what it was made of
}

// Address returns what tells databases apart, whatever they are called.
func (t Target) Address() string {
	return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) + "/" + t.Database
}

// Secrets returns what must be masked in everything that is written: the password, also as it stands in an address.
func (t Target) Secrets() []string {
	if t.password == "" {
		return nil
	}
	if _, escaped, _ := strings.Cut(url.UserPassword("", t.password).String(), ":"); escaped != t.password {
		return []string{t.password, escaped}
	}
	return []string{t.password}
}

// plain turns a connection of a scenario in folder dir into one as the configuration has them. A connection by name is
// looked up.
func (c Connection) plain(s *settings.Settings, dir string) (settings.Connection, error) {
	if c.Name != "" {
		return s.Connection(c.Name)
	}
	out := settings.Connection{
		Name: c.String(), Type: settings.Postgres, URL: c.URL, Host: c.Host, Port: c.Port, Database: c.Database, User: c.User,
		Password: settings.Value{Text: c.Password},
	}
	if from := c.PasswordFrom; from != nil {
		out.Password = settings.Value{Env: from.Env}
		if from.File != "" {
			out.Password.File = absolute(dir, from.File)
		}
	}
	if t := c.TLS; t != nil {
		out.TLS = &settings.TLS{
			CA: absolute(dir, t.CA), Certificate: absolute(dir, t.Cert), Key: absolute(dir, t.Key),
			ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
		}
	}
	return out, nil
}

func absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	if whole, err := filepath.Abs(filepath.Join(dir, path)); err == nil {
		return whole
	}
	return filepath.Join(dir, path)
}

// Resolve finds out what c means to run, and masks its secrets. A database that the cluster in the box brings is made when
// the scenario asks for it for the first time.
func (c Connection) Resolve(ctx context.Context, s *settings.Settings, run *step.Run) (Target, error) {
	plain, err := c.plain(s, run.Folder())
	if err == nil && plain.Sandbox {
		plain, err = bring(ctx, s, run, plain)
	}
	if err != nil {
		return Target{}, fmt.Errorf("connection: %w", err)
	}
	target, err := TargetOf(s, plain)
	for _, secret := range target.Secrets() {
		run.Host.Mask(secret)
	}
	return target, err
}

// TargetOf reads the secrets of a connection. The target holds what was read even beside an error.
func TargetOf(s *settings.Settings, c settings.Connection) (Target, error) {
	t := Target{
		Label: c.Name, Host: c.Host, Port: cmp.Or(c.Port, usualPort), Database: c.Database, User: c.User,
		ReadOnly: c.ReadOnly, StatementTimeout: c.StatementTimeout, tls: c.TLS, from: c,
	}
	if c.Type != settings.Postgres {
		return t, fmt.Errorf("connection %q is of type %q; expected postgres", c.Name, c.Type)
	}
	var err error
	if t.password, err = s.Read(c.Password); err != nil {
		return t, fmt.Errorf("password of %s: %w", c.Name, err)
	}
	address := c.URL
	if !c.URLFrom.IsZero() {
		if address, err = s.Read(c.URLFrom); err != nil {
			return t, fmt.Errorf("address of %s: %w", c.Name, err)
		}
	}
	if address != "" {
		if err := t.locate(address); err != nil {
			return t, fmt.Errorf("address of %s: %w", c.Name, err)
		}
	}
	if t.Host == "" || t.Database == "" || t.User == "" {
		return t, errors.New("connection: expected a name from scenario-runner.yaml, or url, or host, database and user")
	}
	return t, nil
}

// locate takes over what an address says.
func (t *Target) locate(text string) error {
	a, err := parseURL(text)
	if err != nil {
		return err
	}
	t.Host, t.Port, t.Database, t.User = a.host, a.port, a.database, a.user
	t.password = cmp.Or(t.password, a.password)
	if t.tls == nil && a.secure {
		t.tls = &settings.TLS{InsecureSkipVerify: a.anybody}
	}
	return nil
}
