package endtoend

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// addon starts an add-on and returns what the program says of it.
func addon(t *testing.T, sandbox, name string) (url, rules string) {
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
	url, rules := addon(t, "addons", "prometheus")
	if again, _ := addon(t, "addons", "prometheus"); again != url || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("found %s and %s, expected one server on the loopback address", url, again)
	}
	if filepath.Dir(filepath.Dir(rules)) != folder("addons") {
		t.Errorf("rules are in %s, expected the folder of the sandbox", rules)
	}
	other, _ := addon(t, "addons", "alertmanager")
	for _, address := range []string{url + "/-/ready", other + "/-/ready"} {
		response, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", address, response.Status)
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

func TestAddonMistakes(t *testing.T) {
	_, problems, code := call(t, "addon", "grafana", "--name", "shared")
	if want := `error: unknown add-on "grafana": expected one of alertmanager, prometheus`; code != 2 || !strings.HasPrefix(problems, want) {
		t.Errorf("ended with %d: %s", code, problems)
	}
	_, problems, code = call(t, "addon", "--name", "shared")
	if want := "error: found 0 add-ons, expected one of alertmanager, prometheus"; code != 2 || !strings.HasPrefix(problems, want) {
		t.Errorf("ended with %d: %s", code, problems)
	}
}
