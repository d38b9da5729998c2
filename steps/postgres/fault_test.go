package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// once asks without asking again.
func once(t testing.TB, target postgres.Target, options postgres.Options, sql string) error {
	t.Helper()
	c, err := postgres.Connect(t.Context(), target, options)
	if err != nil {
		return err
	}
	defer c.Close(t.Context())
	_, err = c.Query(t.Context(), postgres.Statement{SQL: sql}, nil)
	return err
}

func TestNobodyLetsUsIn(t *testing.T) {
	d := server.NewDatabase(t)
	closed := listen(t, func(net.Conn) {})
	port, free := strconv.Itoa(server.Port), closed.Addr().String()
	closed.Close()
	ca := &postgres.TLS{CA: server.CA}
	withTLS := func(host string, tls *postgres.TLS) postgres.Connection {
		return postgres.Connection{Host: host, Port: server.Port, Database: d.Name, User: part.User, Password: part.Password, TLS: tls}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		connection postgres.Connection
		want       string
	}{
		"nothing listens":    {postgres.Connection{URL: "postgres://qa@" + free + "/x"}, "history: connection refused: nothing listens on " + free},
		"no such host":       {postgres.Connection{URL: "postgres://qa@no-such-host.invalid/x"}, `history: there is no host called "no-such-host.invalid"`},
		"wrong password":     {postgres.Connection{URL: d.URL(), Password: "wr0ng-password"}, `history: the server does not accept the password of user "qa"`},
		"no password":        {postgres.Connection{URL: d.URL()}, `history: the server wants a password of user "qa" and none is given; give password or passwordFrom`},
		"unknown user":       {postgres.Connection{URL: "postgres://nobody@127.0.0.1:" + port + "/" + d.Name, Password: "wr0ng-password"}, `history: the server does not accept the password of user "nobody"`},
		"unknown database":   {postgres.Connection{URL: "postgres://qa@127.0.0.1:" + port + "/nowhere", Password: part.Password}, `history: there is no database called "nowhere" on 127.0.0.1:` + port},
		"trusted":            {withTLS("localhost", ca), ""},
		"anybody":            {withTLS("127.0.0.1", &postgres.TLS{InsecureSkipVerify: true}), ""},
		"anybody by address": {postgres.Connection{URL: d.URL() + "?sslmode=require", Password: part.Password}, ""},
		"name given":         {withTLS("127.0.0.1", &postgres.TLS{CA: server.CA, ServerName: "localhost"}), ""},
		"unknown authority":  {withTLS("localhost", &postgres.TLS{}), "history: the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca"},
		"authority by url":   {postgres.Connection{URL: d.URL() + "?sslmode=verify-full", Password: part.Password}, `history: the certificate of the server is not for "127.0.0.1", but for localhost; give the name in tls.serverName`},
		"another name":       {withTLS("127.0.0.1", ca), `history: the certificate of the server is not for "127.0.0.1", but for localhost; give the name in tls.serverName`},
		"no certificate":     {withTLS("localhost", &postgres.TLS{CA: server.CA, Cert: empty, Key: empty}), "tls.cert: tls: failed to find any PEM data in certificate input"},
		"no authority":       {withTLS("localhost", &postgres.TLS{CA: empty + ".none"}), "tls.ca: open " + empty + ".none: no such file or directory"},
		"empty authority":    {withTLS("localhost", &postgres.TLS{CA: empty}), "tls.ca: empty.pem holds no certificate in PEM form"},
		"not PostgreSQL":     {talker(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "history: ADDRESS answers, but not as a PostgreSQL server does: "},
		"garbage":            {talker(t, "\x00\xff\xfe\x01\x02garbage\x00\x00"), "history: ADDRESS answers, but not as a PostgreSQL server does: "},
		"hangs up":           {talker(t, ""), "history: ADDRESS closed the connection before it answered"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := once(t, target(t, c.connection), postgres.Options{}, "select 1"); err != nil {
				got = err.Error()
			}
			if name == "not PostgreSQL" || name == "garbage" || name == "hangs up" {
				u := strings.TrimSuffix(strings.TrimPrefix(c.connection.URL, "postgres://qa@"), "/x")
				got = strings.ReplaceAll(got, u, "ADDRESS")
				if before, _, found := strings.Cut(got, "does: "); found {
					got = before + "does: "
				}
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for _, secret := range []string{part.Password, "wr0ng-password"} {
				if strings.Contains(got, secret) {
					t.Error("the password is shown")
				}
			}
		})
	}
}

// listen serves every connection with f until the end of the test.
func listen(t testing.TB, f func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return l
}

// talker is a server that reads what the client says first, answers with some bytes and hangs up.
func talker(t testing.TB, answer string) postgres.Connection {
	l := listen(t, func(c net.Conn) {
		if _, err := c.Read(make([]byte, 1024)); err == nil {
			_, _ = io.WriteString(c, answer)
		}
	})
	return postgres.Connection{URL: "postgres://qa@" + l.Addr().String() + "/x"}
}

// TestServerWithoutTLS turns TLS off at the real server.
func TestServerWithoutTLS(t *testing.T) {
	d := server.NewDatabase(t)
	encrypted := func() error {
		return once(t, target(t, postgres.Connection{Host: "localhost", Port: server.Port, Database: d.Name, User: part.User, Password: part.Password, TLS: &postgres.TLS{CA: server.CA}}),
			postgres.Options{}, "select 1")
	}
	const refused = "history: the server does not speak TLS; turn it on there, or remove tls"
	d.Exec(t, "alter system set ssl = off")
	d.Exec(t, "select pg_reload_conf()")
	eventually(t, func() bool { err := encrypted(); return err != nil && err.Error() == refused })
	d.Exec(t, "alter system reset ssl")
	d.Exec(t, "select pg_reload_conf()")
	eventually(t, func() bool { return encrypted() == nil })
}

// eventually waits until something is true.
func eventually(t testing.TB, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatal("it did not become true within 30s")
		}
	}
}

func TestServerThatHangs(t *testing.T) {
	release := make(chan struct{})
	l := listen(t, func(net.Conn) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the step has no more time"))
	defer cancel()
	_, err := postgres.Connect(ctx, target(t, postgres.Connection{URL: "postgres://qa@" + l.Addr().String() + "/x"}), postgres.Options{})
	expect(t, err, "the step has no more time")
}

func TestSlowStatement(t *testing.T) {
	d := server.NewDatabase(t)
	start := time.Now()
	err := once(t, target(t, connection(d)), postgres.Options{StatementTimeout: 100 * time.Millisecond}, "select pg_sleep(60)")
	expect(t, err, "history: the statement took longer than 100ms; make it faster, or allow more with statementTimeout")
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestCancelReachesTheServer ends a step while its statement runs: the server must not go on with it.
func TestCancelReachesTheServer(t *testing.T) {
	d := server.NewDatabase(t)
	c := open(t, d, postgres.Options{Write: true})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := c.Do(ctx, postgres.Work{Together: true, Statements: []postgres.Statement{{SQL: "select pg_sleep(60), 'mark'"}}}, nil)
		done <- err
	}()
	const running = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
	eventually(t, func() bool { return d.Text(t, running) == "1" })
	cancel(errors.New("the user had enough"))
	expect(t, <-done, "the user had enough")
	c.Close(t.Context())
	eventually(t, func() bool { return d.Text(t, running) == "0" })
}

func TestTooMuch(t *testing.T) {
	d := server.NewDatabase(t)
	for sql, want := range map[string]string{
		"select generate_series(1, 10000) as n":                    "",
		"select generate_series(1, 10001) as n":                    "history: the query gives more than 10000 rows; let the database count and choose: count(*), where, limit, or fewer columns",
		"select generate_series(1, 100000000)":                     "history: the query gives more than 10000 rows; let the database count and choose: count(*), where, limit, or fewer columns",
		"select repeat('x', 1 << 20) from generate_series(1, 100)": "history: the first 17 rows of the query have more than 16 MiB; let the database count and choose: count(*), where, limit, or fewer columns",
		"select repeat('x', 17 << 20)":                             "history: one row has 17825798 bytes, more than the 16 MiB that are read; choose columns, or cut values as in left(body, 1000)",
	} {
		_, err := ask(t, d, sql, nil)
		expect(t, err, want)
	}
}

// TestServerIsRestarted restarts the real server while statements run.
func TestServerIsRestarted(t *testing.T) {
	for name, down := range map[string]func() error{"stopped": server.Down, "crashed": server.Crash} {
		t.Run(name, func(t *testing.T) {
			d := server.NewDatabase(t)
			d.Exec(t, "create table changes (n int)")
			const sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid <> pg_backend_pid()"
			type answer struct {
				result postgres.Result
				err    error
			}
			reads, writes := make(chan answer, 1), make(chan answer, 1)
			go func() {
				result, err := ask(t, d, "select count(*) as n, pg_sleep(2) from changes", nil)
				reads <- answer{result, err}
			}()
			writer := open(t, d, postgres.Options{Write: true})
			go func() {
				work := postgres.Work{Statements: []postgres.Statement{{SQL: "with w as (insert into changes values (1) returning n) select pg_sleep(60) from w"}}}
				result, err := writer.Do(t.Context(), work, nil)
				writes <- answer{result, err}
			}()
			eventually(t, func() bool { return d.Text(t, sleeping) == "2" })
			if err := down(); err != nil {
				t.Fatal(err)
			}
			if err := server.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if read := <-reads; read.err != nil {
				t.Errorf("a query that only reads is not asked again: %v", read.err)
			}
			write := <-writes
			if !doubtful(write.err) {
				t.Errorf("a change is not doubtful: %v", write.err)
			}
			text := map[string]string{"stopped": "history: the server was stopped or restarted while the statement ran"}[name]
			if text == "" {
				text = "history: the connection was lost while the statement ran"
				if write.err.Error() == "history: the server was stopped or restarted while the statement ran" {
					text = write.err.Error() // a postmaster that is quick enough still says why
				}
			}
			expect(t, write.err, text)
		})
	}
}

func TestReadOnlyConnectionOfTheProject(t *testing.T) {
	d := server.NewDatabase(t)
	frozen := target(t, connection(d))
	frozen.ReadOnly = true
	expect(t, once(t, frozen, postgres.Options{}, "select 1"), "")
	expect(t, once(t, frozen, postgres.Options{Write: true}, "select 1"),
		"history: the configuration says readOnly: true for this connection, so that nothing may be changed")
}

// TestTransientServerErrors are those that the server itself names as passing.
func TestTransientServerErrors(t *testing.T) {
	d := server.NewDatabase(t)
	d.Exec(t, `create function always(code text) returns int language plpgsql as $$ begin raise exception 'no' using errcode = code; end $$`)
	for code, transient := range map[string]bool{"40001": true, "40P01": true, "57P01": true, "53300": true, "08006": true, "22012": false, "42501": false} {
		err := once(t, target(t, connection(d)), postgres.Options{}, "select always('"+code+"')")
		if postgres.Transient(err) != transient {
			t.Errorf("%s: transient is %v: %v", code, !transient, err)
		}
	}
}
