package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLineIsCutAndMended sends requests over a line: they arrive, they don't while it is cut, and connections that were open
// before are gone.
func TestLineIsCutAndMended(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a}}], clusters: [{name: a, cluster: {server: "` + server.URL + `"}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := openLines(t.Context(), named{{"west", file}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.close)
	mux := http.NewServeMux()
	opened.routes(mux)
	address := opened[0].listener.Addr().String()
	if want := ", line west on " + address; opened.String() != want {
		t.Errorf("says %q, want %q", opened.String(), want)
	}
	if err := reach(address); err != nil {
		t.Fatal(err)
	}
	idle, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close() //nolint:errcheck // it is over
	for _, step := range []struct {
		path, body, answer string
		status             int
		reached            bool
	}{
		{"west", `{"up": false}`, `{"line":"west","up":false}`, http.StatusOK, false},
		{"west", `{"up": true}`, `{"line":"west","up":true}`, http.StatusOK, true},
		{"east", `{"up": false}`, `{"error":"no line east"}`, http.StatusNotFound, true},
		{"west", `{}`, `{"error":"expected {\"up\": true} or {\"up\": false}"}`, http.StatusBadRequest, true},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/lines/"+step.path, strings.NewReader(step.body)))
		if w.Code != step.status || strings.TrimSpace(w.Body.String()) != step.answer {
			t.Errorf("%s %s: %d %s, want %d %s", step.path, step.body, w.Code, w.Body, step.status, step.answer)
		}
		if err := reach(address); (err == nil) != step.reached {
			t.Errorf("after %s %s: %v, reached %t wanted", step.path, step.body, err, step.reached)
		}
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived the cut")
	}
}

// reach sends one request on a connection of its own.
func reach(address string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func TestFlagsThatAreWrong(t *testing.T) {
	t.Setenv("SCENARIO_NAMESPACE", "")
	for want, arguments := range map[string][]string{
		"nothing to do: give --backend or --line":                               {},
		`found argument "x", expected flags only`:                               {"x"},
		"--backend needs --service and --namespace":                             {"--backend", "a=b", "--service", "web"},
		"found --check 0s, expected more than 0":                                {"--line", "a=b", "--check", "0s"},
		`invalid value "a" for flag -line: found "a", expected name=kubeconfig`: {"--line", "a"},
	} {
		if err := run(t.Context(), arguments, io.Discard, &bytes.Buffer{}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", arguments, err, want)
		}
	}
}
