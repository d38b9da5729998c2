package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Database is a database of its own for one test.
type Database struct {
	Name   string
	server *Server
}

// NewDatabase makes a database that is removed at the end of the test.
func (s *Server) NewDatabase(t testing.TB) *Database {
	t.Helper()
	s.count++
	d := &Database{Name: fmt.Sprintf("test%d", s.count), server: s}
	administration := &Database{Name: "postgres", server: s}
	administration.Exec(t, "create database "+d.Name)
	t.Cleanup(func() {
		if err := administration.Do(context.WithoutCancel(t.Context()), "drop database if exists "+d.Name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return d
}

// URL returns the address without the password.
func (d *Database) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User(User), Host: net.JoinHostPort(d.server.Host, strconv.Itoa(d.server.Port)), Path: d.Name}
	return u.String()
}

// Exec carries out statements, and fails the test when that fails.
func (d *Database) Exec(t testing.TB, sql string) {
	t.Helper()
	if err := d.Do(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Do carries out statements where no test can be failed: beside it, or at its end.
func (d *Database) Do(ctx context.Context, sql string) error {
	_, err := d.ask(ctx, sql)
	return err
}

// Text returns the first value of the first row that a query gives, "" when there is none.
func (d *Database) Text(t testing.TB, sql string) string {
	t.Helper()
	results, err := d.ask(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(results) == 0 || len(results[0].Rows) == 0 {
		return ""
	}
	return string(results[0].Rows[0][0])
}

func (d *Database) ask(ctx context.Context, sql string) ([]*pgconn.Result, error) {
	u, err := url.Parse(d.URL())
	if err != nil {
		return nil, err
	}
	u.User, u.RawQuery = url.UserPassword(User, Password), "sslmode=disable"
	conn, err := pgconn.Connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // its work is done
	return conn.Exec(ctx, sql).ReadAll()
}
