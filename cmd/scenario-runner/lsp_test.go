package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// serveLSP starts the command as an editor does and returns a client and what the command's exit code will be sent to.
func serveLSP(t *testing.T) (c *lsptest.Client, hangUp func(), exit <-chan int, complaints *bytes.Buffer) {
	t.Helper()
	toServer, clientOut := io.Pipe()
	clientIn, fromServer := io.Pipe()
	code := make(chan int, 1)
	complaints = &bytes.Buffer{}
	go func() {
		got := execute(t.Context(), []string{"lsp", "--stdio"}, streams{in: toServer, out: fromServer, err: complaints})
		_ = fromServer.Close()
		code <- got
	}()
	c = lsptest.NewClient(clientIn, clientOut)
	if err := c.Request("initialize", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		t.Fatal(err)
	}
	return c, func() { _ = clientOut.Close() }, code, complaints
}

// TestLSPSession opens a file with the real step kinds and leaves as the protocol asks for.
func TestLSPSession(t *testing.T) {
	c, _, exit, complaints := serveLSP(t)
	const uri = "file:///story/a.scenario.yaml"
	text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n  - waitFor: {object: deployment/web, until: object.status.availabelReplicas == 2}\n"
	if err := c.Open(uri, 1, text); err != nil {
		t.Fatal(err)
	}
	found, err := c.Diagnostics(uri, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := lsptest.Range{Start: lsptest.Position{Line: 4, Character: 59}, End: lsptest.Position{Line: 4, Character: 76}}
	if len(found) != 1 || found[0].Range != want {
		t.Errorf("%v, want one at %v", found, want)
	}
	if err := c.Request("shutdown", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Notify("exit", nil); err != nil {
		t.Fatal(err)
	}
	if code := <-exit; code != exitPassed || complaints.Len() > 0 {
		t.Errorf("exit code %d, %s", code, complaints)
	}
	c.Wait()
}

// TestLSPHangUp shows that an editor that only goes away is an error, as the protocol says.
func TestLSPHangUp(t *testing.T) {
	c, hangUp, exit, complaints := serveLSP(t)
	hangUp()
	if code := <-exit; code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if got, want := complaints.String(), "scenario-runner: the client left without a shutdown request\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.Wait()
}
