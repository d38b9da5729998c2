package postgres_test

import (
	"regexp"
	"testing"

	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestProbe(t *testing.T) {
	d := server.NewDatabase(t)
	plain := settings.Connection{Name: "plain", Type: "postgres", URL: d.URL(), Password: settings.Value{Env: "PASSWORD"}}
	frozen := settings.Connection{
		Name: "frozen", Type: "postgres", Host: "localhost", Port: server.Port, Database: d.Name, User: part.User, ReadOnly: true,
		Password: settings.Value{Env: "PASSWORD"}, TLS: &settings.TLS{CA: server.CA},
	}
	other := plain
	other.Name, other.Type = "other", "mysql"
	locked := plain
	locked.Name, locked.Password = "locked", settings.Value{Env: "NONE"}
	s := &settings.Settings{
		Connections: map[string]settings.Connection{"plain": plain, "frozen": frozen, "other": other, "locked": locked},
		LookupEnv:   func(name string) (string, bool) { return part.Password, name == "PASSWORD" },
	}
	version := regexp.MustCompile(`^PostgreSQL \d+\.\d+( \([^)]*\))? at `)
	for name, want := range map[string]string{"plain": "127.0.0.1:%d, not encrypted", "frozen": "localhost:%d, encrypted, read-only"} {
		got, err := postgres.Probe(t.Context(), s, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rest := regexp.MustCompile(`:\d+/test\d+`).ReplaceAllString(version.ReplaceAllString(got, ""), ":%d")
		if rest != want || !version.MatchString(got) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for name, want := range map[string]string{
		"other":  `connection "other" is of type "mysql"; expected postgres`,
		"locked": "password of locked: the environment variable NONE is not set",
		"nobody": `no connection "nobody" in the configuration; choose one of frozen, locked, other, plain`,
	} {
		_, err := postgres.Probe(t.Context(), s, name)
		expect(t, err, want)
	}
}
