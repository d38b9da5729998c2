package faults

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// databaseSteps are the steps that speak to PostgreSQL, as an author writes them.
func databaseSteps() map[string][2]string {
	const connection = `{url: "URL", password: "${{ vars.password }}"TLS}`
	return map[string][2]string{
		"sql":                        {"sql", `{connection: ` + connection + `, query: "select QUERY", statementTimeout: 300ms}`},
		"sql (write)":                {"sql", `{connection: ` + connection + `, exec: "select QUERY", write: true, undo: keep, statementTimeout: 300ms}`},
		"assert over the source sql": {"assert", `{given: {a: {sql: {connection: ` + connection + `, query: "select QUERY", statementTimeout: 300ms}}}, that: len(a) == 1}`},
		"startProcess (databases)":   {"startProcess", `{command: "true", databases: {URL: ` + connection + `}}`},
	}
}

// place is a database with one fault.
type place struct {
	url, password, query, tls string
}

// places starts what is wrong with a database.
func places(t *testing.T, server *postgres.Server) map[string]place {
	t.Helper()
	good := place{url: server.NewDatabase(t).URL(), password: postgres.Password, query: "1"}
	at := func(change func(p *place)) place {
		p := good
		change(&p)
		return p
	}
	return map[string]place{
		"away":        at(func(p *place) { p.url = closedPort(t) }),
		"gone midway": at(func(p *place) { p.query = "pg_terminate_backend(pg_backend_pid())" }),
		"slow":        at(func(p *place) { p.query = "pg_sleep(20)" }),
		"stranger":    at(func(p *place) { p.tls = ", tls: {}"; p.url = strings.Replace(p.url, "127.0.0.1", "localhost", 1) }),
		"garbage":     at(func(p *place) { p.url = talker(t) }),
		"refused":     at(func(p *place) { p.password = secret }),
	}
}

// closedPort returns the address of a database where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only held the port
	return fmt.Sprintf("postgres://qa@%s/history", l.Addr())
}

// talker returns the address of something that is no database.
func talker(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "220 mail.example ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return fmt.Sprintf("postgres://qa@%s/history", l.Addr())
}

// inDatabases runs every step that speaks to PostgreSQL against every fault.
func inDatabases(t *testing.T, all *table) {
	server, err := postgres.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for fault, p := range places(t, server) {
		for name, c := range databaseSteps() {
			if c[0] == "startProcess" && p.query != "1" {
				continue // it asks nothing
			}
			env := kube.NewEnv(kube.Options{})
			registry := builtin.New(env)
			definition, ok := registry.Get(c[0])
			if !ok {
				t.Fatalf("there is no step %s", c[0])
			}
			steps := steptest.NewHost(t, forgiving(registry.Undos)...)
			run := &step.Run{Host: steps, Scope: eval.Scope{"vars": map[string]any{"password": p.password}}}
			body := strings.NewReplacer("URL", p.url, "QUERY", p.query, "TLS", p.tls).Replace(strings.Replace(c[1], "databases: {URL", "databases: {HISTORY", 1))
			_, err := steptest.Use{Definition: definition, Run: run}.Do(within(t, fault), t, body)
			address := p.url[strings.Index(p.url, "@")+1:]
			host, database, _ := strings.Cut(address, "/")
			all.add(t, name, fault, steps, err, host, "ADDRESS", database, "DATABASE", "localhost", "HOST")
			env.Close()
		}
	}
}
