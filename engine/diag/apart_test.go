package diag

import "testing"

func TestApart(t *testing.T) {
	at := func(line, column int) Range {
		return Range{File: "a.yaml", Start: Position{Line: line, Column: column}}
	}
	var found, follows List
	found.Add(at(3, 7), "wrong-type", "expected a whole number, found %q", "many")
	follows.Add(at(3, 7), "invalid-value", "at least 1, found 0")
	follows.Add(at(3, 8), "invalid-value", "another place")
	if got := follows.Apart(found); len(got) != 1 || got[0].Message != "another place" {
		t.Errorf("got %v", got)
	}
	if len(follows) != 2 {
		t.Errorf("the list itself was changed: %v", follows)
	}
}
