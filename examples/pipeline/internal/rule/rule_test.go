package rule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
)

const good = `rules:
  - name: web is down
    signals: [Down]
    look: {pods: pods, elsewhere: {resource: pods, namespace: '"other"'}}
    when: len(pods) == 0
    cause: no pods
    target: {kind: Deployment, name: web}
    workflow: restart
    confidence: 0.9
    do: [{delete: {resource: pods, name: web}}]
    healthy: len(pods) > 0
    holds: 2s
players:
  - {name: network, look: {}, do: [{if: "true", delete: {resource: pods, name: web}}]}
`

// load reads rules as the program does.
func load(t *testing.T, content string) (*rule.Book, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return rule.Load(folder)
}

func TestLoad(t *testing.T) {
	book, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	r := book.Rules[0]
	if r.Look["pods"].Resource != "pods" || r.Look["elsewhere"].Namespace != `"other"` || r.Stable() != 2*time.Second || r.Wait() != time.Minute {
		t.Errorf("read otherwise: %+v", r)
	}
	if _, err := book.Player("network"); err != nil {
		t.Error(err)
	}
	if _, err := book.Player("nobody"); err == nil || err.Error() != `found no player "nobody" in the rules` {
		t.Errorf("an unknown player: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"no signal":      {"signals: [Down]", "signals: []", `rule "web is down": it has no signals; name the alerts that it is about`},
		"no target":      {"name: web}", "name: ''}", `it needs a cause and a target`},
		"no end":         {"workflow: restart", "action: Restart", "it needs either a workflow or an outcome"},
		"no health":      {"healthy: len(pods) > 0", "", "its workflow needs operations and a condition for healthy"},
		"a bad time":     {"holds: 2s", "holds: soon", `holds and patience are durations: time: invalid duration "soon"`},
		"an expression":  {"len(pods) == 0", "len(pods", `expression "len(pods"`},
		"no verb":        {"[{delete: {resource: pods, name: web}}]\n    healthy", "[{each: pods}]\n    healthy", "operation 1 has 0 verbs, expected exactly one of rollback, delete, patch, status and create"},
		"a player's act": {`{if: "true", delete`, `{if: "tru(", delete`, `player "network": expression "tru("`},
		"a field":        {"cause:", "couse:", `rules.yaml: error unmarshaling JSON: while decoding JSON: json: unknown field "couse"`},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: the rules have no %q", name, c.old)
		}
		_, err := load(t, strings.Replace(good, c.old, c.with, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := rule.Load(t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), "found no rule file in ") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestShippedRules reads the rules of the library.
func TestShippedRules(t *testing.T) {
	book, err := rule.Load("../../../../scenarios/library/rules")
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Rules) < 25 || len(book.Players) < 10 {
		t.Errorf("found %d rules and %d players", len(book.Rules), len(book.Players))
	}
}
