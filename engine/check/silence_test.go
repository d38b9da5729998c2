package check_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// silence marks the text "bad" in a file as an unused var and the text "late" as a timeout that is too long, and says what
// is left.
func silence(t *testing.T, text string, broken bool) string {
	t.Helper()
	f, diags := source.Parse("f.yaml", []byte(text))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var found diag.List
	for l, line := range strings.Split(text, "\n") {
		for mark, name := range map[string]string{"bad": "unused-var", "late": "timeout-too-long"} {
			if c := strings.Index(line, mark+":"); c >= 0 {
				at := diag.Range{File: "f.yaml", Start: diag.Position{Line: l + 1, Column: utf8.RuneCountInString(line[:c]) + 1}}
				found.Warn(at, name, "%s", mark)
			}
		}
	}
	if broken {
		found.Add(diag.Range{File: "f.yaml", Start: diag.Position{Line: 99, Column: 1}}, "wrong-type", "broken")
	}
	var lines []string
	for _, d := range check.Silence(f, found).Sorted() {
		lines = append(lines, d.Error())
	}
	return strings.Join(lines, "\n")
}

func TestSilence(t *testing.T) {
	const unused, left = " [unused-ignore]", ": warning: bad [unused-var]"
	for _, tt := range []struct{ name, text, want string }{
		{"no comment", "bad: 1\n", "f.yaml:1:1" + left},
		{"same line", "bad: 1 # scenario-runner:ignore unused-var because of the dashboard\n", ""},
		{"no space", "bad: 1 #scenario-runner:ignore unused-var because of the dashboard\n", ""},
		{"line above", "# scenario-runner:ignore unused-var because of the dashboard\nbad: 1\n", ""},
		{"above, with other lines between", "# scenario-runner:ignore unused-var because x\n\n# about bad\nbad: 1\n", ""},
		{"indented", "a:\n  # scenario-runner:ignore unused-var because x\n  bad: 1\n", ""},
		{"carriage returns", "bad: 1 # scenario-runner:ignore unused-var because x\r\n", ""},
		{
			"item of a list", "# scenario-runner:ignore unused-var because x\n- good: 1\n  bad: 2\n\n  late: 3\n- bad: 4\n",
			"f.yaml:5:3: warning: late [timeout-too-long]\nf.yaml:6:3" + left,
		},
		{
			"item without the finding", "a:\n  # scenario-runner:ignore unused-var because x\n  - good: 1\n    b: 2\n  - bad: 4\n",
			"f.yaml:2:28: warning: this silences nothing: lines 3 to 4 have no unused-var; remove the comment" + unused + "\nf.yaml:5:5" + left,
		},
		{"line in an item", "- good: 1\n  # scenario-runner:ignore unused-var because x\n  bad: 2\n  more: {bad: 3}\n", "f.yaml:4:10" + left},
		{"two checks", "{bad: 1, late: 2} # scenario-runner:ignore unused-var, timeout-too-long because x\n", ""},
		{"two comments", "# scenario-runner:ignore unused-var because x\n# scenario-runner:ignore timeout-too-long because y\n{bad: 1, late: 2}\n", ""},
		{
			"another check", "bad: 1 # scenario-runner:ignore timeout-too-long because x\n",
			"f.yaml:1:1" + left + "\nf.yaml:1:33: warning: this silences nothing: line 1 has no timeout-too-long; remove the comment" + unused,
		},
		{
			"another line", "# scenario-runner:ignore unused-var because x\ngood: 1\nbad: 2\n",
			"f.yaml:1:26: warning: this silences nothing: line 2 has no unused-var; remove the comment" + unused + "\nf.yaml:3:1" + left,
		},
		{
			"end of file", "a: 1\n# scenario-runner:ignore unused-var because x",
			"f.yaml:2:26: warning: this silences nothing: line 2 has no unused-var; remove the comment" + unused,
		},
		{
			"no reason", "bad: 1 # scenario-runner:ignore unused-var\n",
			"f.yaml:1:1" + left + "\nf.yaml:1:10: say why it is ignored: # scenario-runner:ignore CHECK because REASON [invalid-ignore]",
		},
		{
			"empty reason", "bad: 1 # scenario-runner:ignore unused-var because \n",
			"f.yaml:1:1" + left + "\nf.yaml:1:10: say why it is ignored: # scenario-runner:ignore CHECK because REASON [invalid-ignore]",
		},
		{
			"no check", "bad: 1 # scenario-runner:ignore because x\n",
			"f.yaml:1:1" + left + "\nf.yaml:1:10: say which check is ignored and why: # scenario-runner:ignore CHECK because REASON [invalid-ignore]",
		},
		{
			"misspelt check", "bad: 1 # scenario-runner:ignore unused-vars because x\n",
			"f.yaml:1:1" + left + "\n" + `f.yaml:1:33: no check is called "unused-vars"; did you mean "unused-var"? [invalid-ignore]`,
		},
		{
			"unknown check", "bad: 1 # scenario-runner:ignore everything because x\n",
			"f.yaml:1:1" + left + "\n" + `f.yaml:1:33: no check is called "everything"; scenario-runner checks lists them [invalid-ignore]`,
		},
		{
			"error", "bad: 1 # scenario-runner:ignore wrong-type because x\n",
			"f.yaml:1:1" + left + "\nf.yaml:1:33: wrong-type can't be ignored: a file with this mistake can't run [invalid-ignore]",
		},
		{
			"warning with a better cure", "a: 1 # scenario-runner:ignore duplicate-name because x\n",
			"f.yaml:1:31: duplicate-name can't be ignored: it is found by looking at several files, and another name cures it [invalid-ignore]",
		},
		{
			"misspelt directive", "bad: 1 # scenario-runner:ignroe unused-var because x\n",
			"f.yaml:1:1" + left + "\n" + `f.yaml:1:10: unknown comment "scenario-runner:ignroe"; did you mean "scenario-runner:ignore"? [invalid-ignore]`,
		},
		{
			"space in the directive", "bad: 1 # scenario-runner: ignore unused-var because x\n",
			"f.yaml:1:1" + left + "\n" + `f.yaml:1:10: unknown comment "scenario-runner: ignore"; did you mean "scenario-runner:ignore"? [invalid-ignore]`,
		},
		{"prose", "a: 1 # scenario-runner: this is a comment\n", ""},
		{
			"wide characters", "{ü: '→', bad: 1} # scenario-runner:ignore nope because x\n",
			"f.yaml:1:10" + left + "\n" + `f.yaml:1:43: no check is called "nope"; scenario-runner checks lists them [invalid-ignore]`,
		},
		{"in quotes", `a: "x # scenario-runner:ignore nope"` + "\n", ""},
		{"in quotes over two lines", "a: 'x\n  # scenario-runner:ignore nope'\n", ""},
		{"in a block", "a: |\n  # scenario-runner:ignore nope\nb: >-\n  x\n\n  y # scenario-runner:ignore nope\n", ""},
		{"after a block", "a: |\n  x\n# scenario-runner:ignore unused-var because x\nbad: 1\n", ""},
		{"beside a block", "bad: | # scenario-runner:ignore unused-var because x\n  x\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, silence(t, tt.text, false)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestSilenceBesideErrors: with an error not everything was looked at, so nothing is said of comments without effect.
func TestSilenceBesideErrors(t *testing.T) {
	if got := silence(t, "a: 1 # scenario-runner:ignore unused-var because x\n", true); got != "f.yaml:99:1: broken [wrong-type]" {
		t.Error(got)
	}
}

// TestSilenceInOtherFiles: a comment counts for the file in which it stands, and for what a step there names.
func TestSilenceInOtherFiles(t *testing.T) {
	f, _ := source.Parse("f.yaml", []byte("a: 1 # scenario-runner:ignore unused-var because x\n"))
	found := diag.List{{Range: diag.Range{File: "g.yaml", Start: diag.Position{Line: 1, Column: 1}}, Severity: diag.Warning, Check: "unused-var"}}
	if got := check.Silence(f, found); len(got) != 2 {
		t.Error(got)
	}
	found[0].Note(diag.Range{File: "f.yaml", Start: diag.Position{Line: 1, Column: 1}}, "the file is named here")
	if got := check.Silence(f, found); len(got) != 0 {
		t.Error(got)
	}
}

// TestManyComments: however many comments a file has, it is read in bounded time.
func TestManyComments(t *testing.T) {
	text := "bad: 1\n" + strings.Repeat("# scenario-runner:ignore unused-vra because x\n", 50_000)
	lines := strings.Split(silence(t, text, false), "\n")
	const mostFound = 1002 // the bad var, a thousand comments that are wrong, and that there are too many
	want := "f.yaml:1002:3: a file has at most 1000 silencing comments; correct what they silence [invalid-ignore]"
	if len(lines) != mostFound || lines[len(lines)-1] != want {
		t.Errorf("%d findings, the last %s", len(lines), lines[len(lines)-1])
	}
}
