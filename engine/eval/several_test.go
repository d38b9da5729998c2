package eval_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// listed has names that the other environments have not: lists whose items are known, and a time.
func listed() *eval.Env {
	pod := eval.Type{Kind: eval.Object}.With("name", "", eval.Type{Kind: eval.String}).With("ready", "", eval.Type{Kind: eval.Bool})
	return env().With("pods", eval.ListOf(pod)).With("born", eval.Type{Kind: eval.Time})
}

// told writes the mistakes of an expression: what is underlined, and the message.
func told(t *testing.T, source string) string {
	t.Helper()
	_, problems := listed().CompileAll(source, eval.Bool)
	var out []string
	for _, p := range problems {
		if p.From < 0 || p.To <= p.From || p.To > len([]rune(source)) {
			t.Fatalf("%q: %d to %d is no part of it", source, p.From, p.To)
		}
		out = append(out, fmt.Sprintf("{%s} %s", string([]rune(source)[p.From:p.To]), p.Message))
	}
	return strings.Join(out, "\n")
}

// TestEveryMistakeIsTold shows that one run tells of all mistakes of an expression, and not of what follows from them.
func TestEveryMistakeIsTold(t *testing.T) {
	for source, want := range map[string][]string{
		"vars.limmit > 1 and steps.wob.ready == 2": {
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
			`{wob} no step has the id "wob"; did you mean "web"?`,
		},
		"lenn(pods) == vars.limmit and any(pods, .redy) or steps.web.took > 5": {
			`{lenn} unknown name "lenn"; did you mean "len"?`,
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
			`{redy} unknown field "redy" of item; did you mean "ready"? it has name, ready`,
			`{>} > can't join a duration and a whole number; write duration("30s")`,
		},
		"lenn(vars.limmit, upperr(vars.imgae)) > 1": { // what a function of another name is given
			`{lenn} unknown name "lenn"; did you mean "len"?`,
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
			`{upperr} unknown name "upperr"; did you mean "upper"?`,
			`{imgae} no var is called "imgae"; did you mean "image"? there is limit, image`,
		},
		"semver(vars.imgae, vars.limmit)": { // both in one call
			`{imgae} no var is called "imgae"; did you mean "image"? there is limit, image`,
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
		},
		"duration(5) > duration(true)": {
			`{5} duration needs text or a duration here, and this is a whole number; write duration("30s")`,
			`{true} duration needs text or a duration here, and this is true/false`,
		},
		"vars.limmit + 'a' > duration('1s')": { // what is wrong has no type, so nothing follows from it
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
		},
		"vars.limmit?.deeper[0].still == 1": {
			`{limmit} no var is called "limmit"; did you mean "limit"? there is limit, image`,
		},
		"vars.limit = 3 AND vars.imgae === 'x'": { // mistakes of syntax that have an evident cure do not hide the others
			`{=} "=" assigns nothing here; write == to compare`,
			`{AND} "AND" is written and here`,
			`{imgae} no var is called "imgae"; did you mean "image"? there is limit, image`,
			`{===} "===" is written == here`,
		},
		"vars.limit == 3 and (vars.imgae == 'x'": { // but one without such a cure does
			`{(} "(" is never closed`,
		},
		"duration('5') > duration('x')": {
			`{'5'} duration("5"): write a number and a unit, as in 30s, 5m, 1h30m`,
			`{'x'} duration("x"): write a number and a unit, as in 30s, 5m, 1h30m`,
		},
		strings.Repeat("vars.nope == 1 and ", 20) + "true": {strings.Repeat("\n"+`{nope} no var is called "nope"; there is limit, image`, 8)[1:]},
	} {
		if d := cmp.Diff(strings.Join(want, "\n"), told(t, source)); d != "" {
			t.Errorf("%s\n%s", source, d)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

// TestMessages compares what authors are told of each expression in testdata/messages.txt with what is written there: the
// part that is underlined, and the message.
func TestMessages(t *testing.T) {
	data, err := os.ReadFile("testdata/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(data)) {
		source, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒ ")
		found := told(t, source)
		if found == "" {
			t.Errorf("%s compiles", source)
		}
		fmt.Fprintf(&got, "%s ⇒ %s\n", source, strings.ReplaceAll(found, "\n", " ‖ "))
	}
	if *update {
		if err := os.WriteFile("testdata/messages.txt", []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(data), got.String()); d != "" {
		t.Errorf("run with -update when this is right:\n%s", d)
	}
}
