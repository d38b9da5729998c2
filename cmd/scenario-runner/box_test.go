package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeSandbox is a program that answers as the sandbox does, and writes down with what it was called.
func fakeSandbox(t *testing.T, kubeconfig, status string) (program, calls string) {
	t.Helper()
	dir := t.TempDir()
	program, calls = filepath.Join(dir, "sandbox"), filepath.Join(dir, "calls")
	script := `#!/bin/sh
echo "$*" >>"` + calls + `"
case "$1" in
kubeconfig) echo "` + kubeconfig + `"; [ -n "` + kubeconfig + `" ] ;;
status) echo '` + status + `' ;;
serve) echo '{"name": "n", "kubeconfig": "/n", "context": "sandbox-n"}'; cat >/dev/null ;;
esac
`
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return program, calls
}

func TestKindAndNumberOfNodesArePassedOn(t *testing.T) {
	for want, options := range map[string]boxOptions{
		"serve --parent-stdin":                        {},
		"serve --parent-stdin --nodes 3":              {nodes: 3},
		"serve --parent-stdin --node real":            {node: "real"},
		"serve --parent-stdin --nodes 2 --node real":  {nodes: 2, node: "real"},
		"serve --parent-stdin --nodes 1 --name other": {nodes: 1, name: "other"},
	} {
		program, calls := fakeSandbox(t, "", "")
		options.binary = program
		b, err := openBox(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		b.close()
		content, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		if got := lines[len(lines)-1]; got != want {
			t.Errorf("called with %q, expected %q", got, want)
		}
	}
}

func TestANamedSandboxWithoutARealNodeIsRefused(t *testing.T) {
	program, _ := fakeSandbox(t, "/mine", `{"state": "up"}`)
	_, err := openBox(t.Context(), boxOptions{binary: program, name: "mine", node: realNode})
	const want = "the sandbox \"mine\" is up without a real node; take it down with `scenario-runner sandbox down --name mine`, or leave --sandbox-node out"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, expected %s", err, want)
	}
	program, _ = fakeSandbox(t, "/mine", `{"state": "up", "realNode": "real-1"}`)
	b, err := openBox(t.Context(), boxOptions{binary: program, name: "mine", node: realNode})
	if err != nil || !b.reused || b.Kubeconfig != "/mine" {
		t.Errorf("got %+v, %v", b, err)
	}
}
