package process

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		command any
		want    []string
	}{
		{"server --port 80", []string{"server", "--port", "80"}},
		{"  a\t\"b c\"\n'd \"e\"' f\\ g ", []string{"a", "b c", `d "e"`, "f g"}},
		{`a "" ''`, []string{"a", "", ""}},
		{`a "x\"y\z" 'x\y'`, []string{"a", `x"y\z`, `x\y`}},
		{`a 'x | y > $z'`, []string{"a", "x | y > $z"}},
		{"a \\\n b", []string{"a", "b"}},
		{[]any{"my program", "x | y", 3, true}, []string{"my program", "x | y", "3", "true"}},
	} {
		got, err := Words(c.command)
		if err != nil {
			t.Errorf("%v: %v", c.command, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.command, d)
		}
	}
}

func TestWordsThatAreNoCommand(t *testing.T) {
	for _, c := range []struct {
		command any
		want    string
	}{
		{"", "the command is empty; its first word is the program"},
		{[]any{}, "the command is empty; its first word is the program"},
		{"'' x", "the command is empty; its first word is the program"},
		{"cat x | wc", `command "cat x | wc": '|' means something to a shell, but no shell reads this; quote it, write the command as a list, or use run with a script`},
		{"echo $HOME", `command "echo $HOME": '$' means something to a shell, but no shell reads this; quote it, write the command as a list, or use run with a script`},
		{"echo 'x", `command "echo 'x": the quote ' is never closed`},
		{`echo \`, `command "echo \\": it ends with a backslash that escapes nothing`},
		{3, "a command is text or a list; found 3"},
		{[]any{"a", nil}, "word 2 of the command: it is nothing, which can't be part of a text"},
	} {
		if got, err := Words(c.command); err == nil || err.Error() != c.want {
			t.Errorf("%v:\ngot  %v, %v\nwant %s", c.command, got, err, c.want)
		}
	}
}
