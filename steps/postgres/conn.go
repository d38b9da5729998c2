package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// UsualStatementTimeout is how long one statement may take when nobody says.
	UsualStatementTimeout = 30 * time.Second
	// connectTimeout is how long a server may take to let us in.
	connectTimeout = 10 * time.Second
	// grace is how much longer than the server itself we wait for it to end a statement, in case that it hangs.
	grace = 2 * time.Second
	// goodbye is how long the end of a connection is waited for.
	goodbye = 2 * time.Second
)

// Options say what a connection is for.
type Options struct {
	Write            bool          // statements may change the database
	StatementTimeout time.Duration // 0 means that of the target, or the usual one
}

// Conn is a connection. It must not be used by several goroutines at once.
type Conn struct {
	pg       *pgconn.PgConn
	target   Target
	limit    time.Duration
	kinds    map[uint32]kind // those of types that are not built in
	notified bool            // a notification came since this was reset
}

// Connect logs in. Unless options.Write is set, the server is told to refuse statements that change anything. A write to
// a database that the configuration of the project declares read-only is refused before anything is sent.
func Connect(ctx context.Context, t Target, options Options) (*Conn, error) {
	if options.Write && t.ReadOnly {
		return nil, &Error{Target: t.Label, Message: "the configuration says readOnly: true for this connection, so that nothing may be changed"}
	}
	config, err := t.configure()
	if err != nil {
		return nil, err
	}
	c := &Conn{target: t, limit: cmp.Or(options.StatementTimeout, t.StatementTimeout, UsualStatementTimeout), kinds: map[uint32]kind{}}
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { c.notified = true }
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if c.pg, err = pgconn.ConnectConfig(bounded, config); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, t.connecting(err, connectTimeout)
	}
	if _, err := c.simple(ctx, c.preparation(options)); err != nil {
		c.Close(ctx)
		return nil, err
	}
	return c, nil
}

// configure returns what pgx needs. Nothing is taken from the environment of the process: a run must mean the same for
// everybody who starts it.
func (t Target) configure() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig("host=127.0.0.1 port=5432 user=x password=x dbname=x sslmode=disable sslcertmode=allow channel_binding=prefer " +
		"require_auth='' target_session_attrs=any connect_timeout=10 min_protocol_version=3.0 max_protocol_version=3.0")
	if err != nil {
		return nil, errors.New("the environment variables of PostgreSQL (PGSERVICE) can't be read; unset them")
	}
	if t.Port < 1 || t.Port > math.MaxUint16 {
		return nil, fmt.Errorf("port of %s: expected a number from 1 to 65535, found %d", t.Label, t.Port)
	}
	config.Host, config.Port, config.Database, config.User, config.Password = t.Host, uint16(t.Port), t.Database, t.User, t.password //nolint:gosec // it was just compared
	config.Fallbacks, config.ConnectTimeout = nil, connectTimeout
	config.DialFunc = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	config.RuntimeParams = map[string]string{"application_name": "scenario-runner", "client_encoding": "UTF8"}
	config.MaxProtocolMessageBodyLen = mostBytes
	config.TLSConfig, err = t.config()
	return config, err
}

// preparation makes the server write values in the forms that are read here, and refuse what it must not do.
func (c *Conn) preparation(options Options) string {
	mode := "on"
	if options.Write {
		mode = "off"
	}
	return strings.Join([]string{
		"set default_transaction_read_only = " + mode,
		fmt.Sprintf("set statement_timeout = %d", max(1, c.limit.Milliseconds())),
		"set datestyle = 'ISO'", "set intervalstyle = 'iso_8601'", "set bytea_output = 'hex'", "set extra_float_digits = 3",
		"set standard_conforming_strings = on",
	}, "; ")
}

// Close ends the connection, also when ctx is done, and waits a moment for it: a statement that still runs is cancelled
// at the server.
func (c *Conn) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = c.pg.Close(ctx) // what was to be done is done
	select {
	case <-c.pg.CleanupDone():
	case <-ctx.Done():
	}
}

// bounded returns a context for one statement. The server ends what takes too long; should it hang, we do.
func (c *Conn) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.limit+grace, &slow{c.limit})
}

// simple carries out statements without parameters one after the other and returns how many rows they changed.
func (c *Conn) simple(ctx context.Context, sql string) (affected int, err error) {
	bounded, cancel := c.bounded(ctx)
	defer cancel()
	results := c.pg.Exec(bounded, sql)
	for results.NextResult() {
		reader := results.ResultReader()
		for reader.NextRow() { //nolint:revive // nobody asked for these rows
		}
		tag, err := reader.Close()
		if err != nil {
			break
		}
		affected += changed(tag)
	}
	if err := results.Close(); err != nil {
		return affected, c.stated(bounded, err)
	}
	return affected, nil
}
