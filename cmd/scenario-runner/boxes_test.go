package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

func TestOneSandboxForEachClusterThatIsUsed(t *testing.T) {
	alone, both := &scenario.Scenario{}, &scenario.Scenario{Clusters: []string{"primary", "secondary"}}
	mixed := &scenario.Scenario{Clusters: []string{"default", "secondary"}}
	for _, c := range []struct {
		name      string
		scenarios []*scenario.Scenario
		given     []string
		want      []string
	}{
		{"the default cluster", []*scenario.Scenario{alone, alone}, nil, []string{""}},
		{"no default cluster where nobody works on it", []*scenario.Scenario{both, both}, nil, []string{"primary", "secondary"}},
		{"one for all scenarios", []*scenario.Scenario{alone, both, mixed}, nil, []string{"", "primary", "secondary"}},
		{"none for what a flag gives", []*scenario.Scenario{both}, []string{"secondary"}, []string{"primary"}},
	} {
		if d := cmp.Diff(c.want, boxed(c.scenarios, c.given)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestNamesOfSandboxes(t *testing.T) {
	var got []string
	for _, c := range []struct{ name, cluster string }{{"", ""}, {"", "west"}, {"mine", ""}, {"mine", "West-1"}} {
		got = append(got, boxOptions{name: c.name}.of(c.cluster).name)
	}
	if d := cmp.Diff([]string{"", "", "mine", "mine-west-1"}, got); d != "" {
		t.Error(d)
	}
}

// TestSandboxesComeUpTogetherOrNotAtAll uses programs that play the sandbox: one that comes up and ends with its input,
// and one that refuses its second name.
func TestSandboxesComeUpTogetherOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "sandbox")
	script := `#!/bin/sh
for name; do :; done
case "$1" in kubeconfig) exit 1 ;; esac
if [ "$name" = mine-west ] && [ -e "` + dir + `/broken" ]; then echo no room >&2; exit 1; fi
echo "{\"name\": \"$name\", \"kubeconfig\": \"/$name\", \"context\": \"sandbox-$name\"}"
cat >/dev/null
echo "$name" >>"` + dir + `/ended"
`
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	options := boxOptions{binary: program, name: "mine", nodes: 1}
	b, err := openBoxes(t.Context(), options, []string{"east", "west"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range b {
		got = append(got, one.cluster+" "+one.Context)
	}
	if d := cmp.Diff([]string{"east sandbox-mine-east", "west sandbox-mine-west"}, got); d != "" {
		t.Error(d)
	}
	if !b.private("west") || b.private("north") || b.err() != nil {
		t.Errorf("private: west %t, north %t; %v", b.private("west"), b.private("north"), b.err())
	}
	b.close()
	if ended, _ := os.ReadFile(filepath.Join(dir, "ended")); len(strings.Fields(string(ended))) != 2 {
		t.Errorf("ended: %q", ended)
	}
	if err := b.err(); err == nil || !strings.HasPrefix(err.Error(), `cluster "east": the sandbox ended by itself`) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBoxes(t.Context(), options, []string{"east", "west"}); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v", err)
	}
}

func TestFirstCause(t *testing.T) {
	cause := errors.New("no room")
	if got := firstCause([]error{nil, fmt.Errorf("it did not come up: %w", context.Canceled), cause}); !errors.Is(got, cause) {
		t.Errorf("got %v", got)
	}
}

// TestGoneWithOneOfSeveralSandboxes: what was changed on a sandbox that has ended is gone, what was changed elsewhere is not.
func TestGoneWithOneOfSeveralSandboxes(t *testing.T) {
	up := filepath.Join(t.TempDir(), "up")
	if err := os.WriteFile(up, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := filepath.Join(t.TempDir(), "ended")
	b := boxes{{Kubeconfig: up}, {Kubeconfig: ended, cluster: "secondary"}, {Kubeconfig: "/kept", reused: true}}
	j := &journal.Journal{Events: []journal.Event{{Kind: journal.RunStarted, Run: &journal.RunInfo{Target: targetOf(b)}}}}
	entry := func(file string) journal.OpenUndo {
		return journal.OpenUndo{UndoInfo: journal.UndoInfo{Describe: file, Data: []byte(`{"kubeconfig": "` + file + `"}`)}}
	}
	left, gone := goneWithSandbox(j, []journal.OpenUndo{entry(up), entry(ended), entry("/kept")})
	if len(left) != 2 || len(gone) != 1 || gone[0].Describe != ended {
		t.Errorf("left %v, gone %v", left, gone)
	}
}
