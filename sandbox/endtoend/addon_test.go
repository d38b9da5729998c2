package endtoend

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// addon starts an add-on and returns what the program says of it.
func addon(t *testing.T, sandbox, name string) (address, rules string) {
	t.Helper()
	out, problems, code := call(t, "addon", name, "--name", sandbox)
	if code != 0 {
		t.Fatalf("addon ended with %d: %s", code, problems)
	}
	var found struct{ Name, URL, RulesDir string }
	if err := json.Unmarshal([]byte(out), &found); err != nil || found.Name != name {
		t.Fatalf("found %q: %v", out, err)
	}
	return found.URL, found.RulesDir
}

// TestAddonsEndWithTheSandbox kills the supervisor while both add-ons run.
func TestAddonsEndWithTheSandbox(t *testing.T) {
	s, err := serve(t.Context(), "--name", "addons", "--nodes", "1")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(statusOf(t, "addons").Components); n != 5 {
		t.Errorf("found %d components, expected 5: add-ons start when they are asked for", n)
	}
	address, rules := addon(t, "addons", "prometheus")
	if again, _ := addon(t, "addons", "prometheus"); again != address || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("found %s and %s, expected one server on the loopback address", address, again)
	}
	if filepath.Dir(filepath.Dir(rules)) != folder("addons") {
		t.Errorf("rules are in %s, expected the folder of the sandbox", rules)
	}
	other, _ := addon(t, "addons", "alertmanager")
	for _, ready := range []string{address + "/-/ready", other + "/-/ready"} {
		response, err := http.Get(ready)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", ready, response.Status)
		}
	}
	before := statusOf(t, "addons")
	if n := len(before.Components); n != 7 {
		t.Errorf("found %d components, expected 7", n)
	}
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.command.Wait()
	for _, component := range before.Components {
		expectGone(t, component.PID)
	}
	if _, problems, code := call(t, "down", "--name", "addons"); code != 0 {
		t.Errorf("down: %s", problems)
	}
	if _, err := os.Stat(folder("addons")); err == nil {
		t.Error("the files are still there")
	}
}

// TestPostgresEndsWithTheSandbox ends a sandbox that has a database server, once in order and once by a kill.
func TestPostgresEndsWithTheSandbox(t *testing.T) {
	for _, kill := range []bool{false, true} {
		s, err := serve(t.Context(), "--name", "databases", "--nodes", "1")
		if err != nil {
			t.Fatal(err)
		}
		out, problems, code := call(t, "addon", "postgres", "--name", "databases")
		var found struct{ URL, PasswordFile string }
		if err := json.Unmarshal([]byte(out), &found); err != nil || code != 0 {
			t.Fatalf("addon ended with %d: %s%s", code, out, problems)
		}
		at, err := url.Parse(found.URL)
		if err != nil || !strings.HasPrefix(found.URL, "postgres://sandbox@127.0.0.1:") {
			t.Fatalf("found the address %s (%v), expected one on loopback without a password", found.URL, err)
		}
		if password, err := os.ReadFile(found.PasswordFile); err != nil || len(password) < 20 || strings.Contains(out, string(password)) {
			t.Errorf("the password has %d bytes (%v) or is in %q", len(password), err, out)
		}
		if err := dial(at.Host); err != nil {
			t.Error(err)
		}
		components := statusOf(t, "databases").Components
		server := components[len(components)-1].PID
		if kill {
			err = s.command.Process.Kill()
			_ = s.command.Wait()
		} else {
			err = s.end()
		}
		if err != nil {
			t.Fatal(err)
		}
		expectGone(t, server)
		if dial(at.Host) == nil {
			t.Error("the server still takes connections")
		}
		if _, problems, code := call(t, "down", "--name", "databases"); kill && code != 0 {
			t.Errorf("down: %s", problems)
		}
		if _, err := os.Stat(folder("databases")); err == nil {
			t.Error("the files are still there")
		}
	}
}

func dial(address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

func TestAddonMistakes(t *testing.T) {
	_, problems, code := call(t, "addon", "grafana", "--name", "shared")
	if want := `error: unknown add-on "grafana": expected one of alertmanager, prometheus, postgres`; code != 2 || !strings.HasPrefix(problems, want) {
		t.Errorf("ended with %d: %s", code, problems)
	}
	_, problems, code = call(t, "addon", "--name", "shared")
	if want := "error: found 0 add-ons, expected one of alertmanager, prometheus, postgres"; code != 2 || !strings.HasPrefix(problems, want) {
		t.Errorf("ended with %d: %s", code, problems)
	}
}
