package lsp_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

func frame(body string) string {
	return "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func itoa(n int) string {
	text := ""
	for ; n > 0; n /= 10 {
		text = string(rune('0'+n%10)) + text
	}
	return text
}

func serve(t *testing.T, in string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := lsp.New(registry(), options(t)).Serve(t.Context(), io.NopCloser(strings.NewReader(in)), &out)
	return out.String(), err
}

// TestProtocol shows the answers to what a client gets wrong, and how a session ends.
func TestProtocol(t *testing.T) {
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`
	const shutdown = `{"jsonrpc":"2.0","id":2,"method":"shutdown"}`
	const exit = `{"jsonrpc":"2.0","method":"exit"}`
	tests := []struct {
		name string
		in   []string
		out  string // a part of what is answered
		err  string
	}{
		{"as it should be", []string{initialize, shutdown, exit}, `{"jsonrpc":"2.0","id":2,"result":null}`, ""},
		{"end of the stream after shutdown", []string{initialize, shutdown}, `"positionEncoding":"utf-16"`, ""},
		{"exit without shutdown", []string{initialize, exit}, `"name":"scenario-runner"`, lsp.ErrNoShutdown.Error()},
		{"end of the stream", nil, "", lsp.ErrNoShutdown.Error()},
		{"before initialize", []string{`{"jsonrpc":"2.0","id":"a","method":"textDocument/hover"}`, initialize, shutdown}, `{"jsonrpc":"2.0","id":"a","error":{"code":-32002,"message":"expected initialize first, found textDocument/hover"}}`, ""},
		{"after shutdown", []string{initialize, shutdown, `{"jsonrpc":"2.0","id":3,"method":"textDocument/hover"}`}, `{"code":-32600,"message":"the server is shut down; only exit can follow"}`, ""},
		{"unknown request", []string{initialize, `{"jsonrpc":"2.0","id":3,"method":"textDocument/fold"}`, shutdown}, `{"code":-32601,"message":"method \"textDocument/fold\" is not served"}`, ""},
		{"unknown notification", []string{initialize, `{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}`, shutdown}, `"id":2,"result":null`, ""},
		{"not JSON", []string{initialize, `{`, shutdown}, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON: unexpected end of JSON input"}}`, ""},
		{"wrong parameters", []string{initialize, `{"jsonrpc":"2.0","id":3,"method":"textDocument/hover","params":7}`, shutdown}, `{"code":-32602,`, ""},
		{"document that is not open", []string{initialize, `{"jsonrpc":"2.0","id":3,"method":"textDocument/completion","params":{"textDocument":{"uri":"file:///x"},"position":{"line":0,"character":0}}}`, shutdown}, `"id":3,"result":null`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var in string
			for _, m := range test.in {
				in += frame(m)
			}
			out, err := serve(t, in)
			if !strings.Contains(out, test.out) {
				t.Errorf("answered %s\nwant %s", out, test.out)
			}
			if err == nil && test.err != "" || err != nil && err.Error() != test.err {
				t.Errorf("ended with %v, want %q", err, test.err)
			}
		})
	}
	for in, want := range map[string]string{
		"Content-Length: x\r\n\r\n":           `message with Content-Length "x"; expected a number up to 67108864`,
		"Content-Length: 99999999999\r\n\r\n": `message with Content-Length "99999999999"; expected a number up to 67108864`,
		"Content-Length: 10\r\n\r\n{}":        "reading a message of 10 bytes: unexpected EOF",
	} {
		if _, err := serve(t, in); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

// TestClose shows that a closed document has no diagnostics any more and is forgotten.
func TestClose(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	must(t, c.Open(uri, 1, "kind: x\n"))
	if found, err := c.Diagnostics(uri, 1); err != nil || len(found) == 0 {
		t.Fatal(err, found)
	}
	must(t, c.Notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": uri}}))
	if found, err := c.Diagnostics(uri, 0); err != nil || len(found) != 0 {
		t.Fatal(err, found)
	}
	var answer any
	must(t, c.Request("textDocument/hover", lsptest.At(uri, lsptest.Position{}), &answer))
	if answer != nil {
		t.Error(answer)
	}
	if err := c.Request("textDocument/nothing", nil, nil); !errors.As(err, new(*lsptest.Error)) {
		t.Error(err)
	}
}
