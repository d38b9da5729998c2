package process

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOutputKeepsTheEnd(t *testing.T) {
	o := NewOutput(10, nil)
	for i := range 10 {
		fmt.Fprintf(o, "%05d\n", i)
	}
	kept, dropped := o.Bytes()
	if string(kept) != "008\n00009\n" || dropped != 50 {
		t.Errorf("kept %q after %d dropped bytes, want the last 10 of 60", kept, dropped)
	}
	if d := cmp.Diff([]string{"00009"}, o.Tail(1)); d != "" {
		t.Errorf("tail (-want +got):\n%s", d)
	}
}

func TestOutputPassesOnLines(t *testing.T) {
	var lines []string
	o := NewOutput(1<<20, func(line string) { lines = append(lines, line) })
	long := strings.Repeat("x", longestLine+5)
	for _, piece := range []string{"on", "e\r\ntwo\n", "", "\nthr", "ee", "\n" + long, long + "\nlast"} {
		if n, err := o.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if d := cmp.Diff([]string{"one", "two", "", "three", strings.Repeat("x", longestLine)}, lines); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}

func TestTailIsShortForPeople(t *testing.T) {
	o := NewOutput(1<<20, nil)
	fmt.Fprint(o, strings.Repeat("ä", shownLine+1)+"\n\n")
	if d := cmp.Diff([]string{strings.Repeat("ä", shownLine) + "…"}, o.Tail(5)); d != "" {
		t.Errorf("tail (-want +got):\n%s", d)
	}
	if got := NewOutput(10, nil).Tail(5); got != nil {
		t.Errorf("tail of nothing is %q", got)
	}
}
