package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValue(t *testing.T) {
	for _, c := range []struct {
		text string
		want any
		ok   bool
	}{
		{`{"a": 1, "b": [2.5, true, null, "x"], "c": {"d": 9007199254740993}}`, map[string]any{
			"a": 1, "b": []any{2.5, true, nil, "x"}, "c": map[string]any{"d": 9007199254740993},
		}, true},
		{" 3 \n", 3, true},
		{"1e400", "1e400", true},
		{"null", nil, true},
		{"", nil, false},
		{"{} {}", nil, false},
		{"{} x", nil, false},
		{"<html>", nil, false},
	} {
		got, ok := Value([]byte(c.text))
		if d := cmp.Diff(c.want, got); d != "" || ok != c.ok {
			t.Errorf("%s: ok %t (-want +got):\n%s", c.text, ok, d)
		}
	}
}

func TestSecrets(t *testing.T) {
	headers := map[string]string{
		"authorization": "Basic cWE6aHVudGVyMg==", "X-Api-Key": "key1", "Cookie": "session=abc", "Accept": "text/plain",
		"X-Auth-Token": "key1",
	}
	got := Secrets(headers, "http://qa:p%40ss@shop.test/")
	if d := cmp.Diff([]string{"cWE6aHVudGVyMg==", "hunter2", "key1", "p@ss", "session=abc"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := Secrets(map[string]string{"Authorization": "Bearer tok"}, "::"); len(got) != 1 || got[0] != "tok" {
		t.Errorf("got %q, want the token alone", got)
	}
}
