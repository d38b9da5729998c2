package startprocess

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// TestProgramGetsADatabase hands a program the address of a real database, and has the password masked.
func TestProgramGetsADatabase(t *testing.T) {
	server, err := postgres.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(postgres.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	database := server.NewDatabase(t)
	known := &settings.Settings{Connections: map[string]settings.Connection{
		"history": {Name: "history", Type: settings.Postgres, URL: database.URL(), Password: settings.Value{File: file}},
		"missing": {Name: "missing", Type: settings.Postgres, URL: strings.Replace(database.URL(), database.Name, "nowhere", 1), Password: settings.Value{File: file}},
	}}
	host := newHost(t)
	u := use(t, host)
	u.Definition = define(clusters{}, known)
	out, err := u.Do(t.Context(), t, `
command: ["${{ vars.self }}"]
env: {PLAY: address}
databases: {HISTORY: history}
mayExit: true
ready: {log: 'the address is (?P<url>\S+)'}
`)
	if err != nil {
		t.Fatal(err)
	}
	captures, ok := out["captures"].(map[string]any)
	if !ok {
		t.Fatalf("the outputs are %v", out)
	}
	address, err := url.Parse(captures["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := address.User.Password(); password != postgres.Password || address.Path != "/"+database.Name {
		t.Errorf("the program got %s", address)
	}
	masked := address.String()
	for _, secret := range host.Secrets() {
		masked = strings.ReplaceAll(masked, secret, "***")
	}
	if want := fmt.Sprintf("postgres://qa:***@%s/%s?sslmode=disable", address.Host, database.Name); masked != want {
		t.Errorf("with secrets masked it is %s, want %s", masked, want)
	}
	_, err = u.Do(t.Context(), t, `{command: "true", databases: {HISTORY: missing}}`)
	if want := "databases HISTORY: missing: there is no database called \"nowhere\" on " + address.Host; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
