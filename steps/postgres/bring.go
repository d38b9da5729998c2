package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	// undoName is the undo of a database that was made for a scenario.
	undoName = "postgres.dropDatabase"
	// longestName is how long the name of a database can be.
	longestName = 63
)

// made is the ledger data of a database that is about to be made.
type made struct {
	Server   Kept   `json:"server"`
	Database string `json:"database"`
}

// bring returns a database on the server that the cluster in the box brings. It belongs to one scenario and one name: it
// is made when it is first asked for, and goes when the scenario has ended.
func bring(ctx context.Context, s *settings.Settings, run *step.Run, c settings.Connection) (settings.Connection, error) {
	own, err := s.Addons.Database(ctx)
	if err != nil {
		return settings.Connection{}, err
	}
	own.Name = "the PostgreSQL of the sandbox"
	admin, err := TargetOf(s, own)
	if err != nil {
		return settings.Connection{}, err
	}
	for _, secret := range admin.Secrets() {
		run.Host.Mask(secret)
	}
	name := databaseOf(run.Scenario.ID, c.Name)
	if err := makeDatabase(ctx, run, admin, name); err != nil {
		return settings.Connection{}, err
	}
	c.Sandbox, c.Host, c.Port, c.Database, c.User, c.Password = false, admin.Host, admin.Port, name, admin.User, own.Password
	return c, nil
}

// databaseOf returns the name of the database that a scenario knows by the name of a connection.
func databaseOf(scenario, connection string) string {
	name := connection + "-" + scenario
	if len(name) <= longestName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	mark := "-" + hex.EncodeToString(sum[:4])
	return name[:longestName-len(mark)] + mark
}

// makeDatabase makes a database unless it is there. Steps of a scenario may run side by side, and each may be the first.
func makeDatabase(ctx context.Context, run *step.Run, admin Target, name string) error {
	conn, err := Connect(ctx, admin, Options{Write: true})
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if there, err := conn.hasDatabase(ctx, name); err != nil || there {
		return err
	}
	server, err := admin.Keep()
	if err != nil {
		return err
	}
	if _, err := run.Record(ctx, undoName, made{Server: server, Database: name}); err != nil {
		return err
	}
	_, err = conn.simple(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	if err == nil {
		return nil
	}
	if there, lookError := conn.hasDatabase(ctx, name); lookError != nil || !there {
		return err
	}
	return nil // the server has several words for it that another step was faster
}

func (c *Conn) hasDatabase(ctx context.Context, name string) (bool, error) {
	found, err := c.Query(ctx, Statement{SQL: "select 1 as there from pg_database where datname = $1", Params: []any{name}}, nil)
	return len(found.Rows) > 0, err
}

// Undo returns the undo of databases that were made for scenarios.
func Undo(s *settings.Settings) step.Undo {
	describe := func(m made) string { return "drop the database " + m.Database }
	return step.DefineUndo(undoName, describe, func(ctx context.Context, m made) error { return m.drop(ctx, s) }, nil)
}

// drop removes the database, whoever is connected to it. One whose server has gone is gone with it.
func (m made) drop(ctx context.Context, s *settings.Settings) error {
	admin, err := m.Server.Target(s)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the password lies beside the data
	}
	if err != nil {
		return err
	}
	conn, err := Connect(ctx, admin, Options{Write: true})
	if Refused(err) && net.ParseIP(admin.Host).IsLoopback() {
		return nil
	}
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.simple(ctx, "drop database if exists "+pgx.Identifier{m.Database}.Sanitize()+" with (force)")
	return err
}

// URL returns the whole address with the password, for programs that are to use the same database.
func (t Target) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User(t.User), Host: strings.TrimSuffix(t.Address(), "/"+t.Database), Path: t.Database}
	if t.password != "" {
		u.User = url.UserPassword(t.User, t.password)
	}
	u.RawQuery = t.modeOfTLS().Encode()
	return u.String()
}

// modeOfTLS says what a client of libpq's kind has to know of TLS. A server name of its own can't be told to such clients.
func (t Target) modeOfTLS() url.Values {
	switch {
	case t.tls == nil:
		return url.Values{"sslmode": {"disable"}}
	case t.tls.InsecureSkipVerify:
		return url.Values{"sslmode": {"require"}}
	}
	out := url.Values{"sslmode": {"verify-full"}}
	for key, file := range map[string]string{"sslrootcert": t.tls.CA, "sslcert": t.tls.Certificate, "sslkey": t.tls.Key} {
		if file != "" {
			out.Set(key, file)
		}
	}
	return out
}

// Ready returns the address for programs once the database takes connections, so that a mistake is told by the step that
// hands it over and not by the program.
func (t Target) Ready(ctx context.Context) (string, error) {
	conn, err := Connect(ctx, t, Options{})
	if err != nil {
		return "", err
	}
	conn.Close(ctx)
	return t.URL(), nil
}
