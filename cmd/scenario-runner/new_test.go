package main

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/format"
)

func TestAskTakesNumbersAndNames(t *testing.T) {
	for answer, want := range map[string]string{"\n": "deploy", "2\n": "chaos", "http\n": "http", "9\nno\n 3 \n": "alert"} {
		var out strings.Builder
		if got, err := ask(t.Context(), strings.NewReader(answer), &out); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", answer, got, err, want)
		}
		if !strings.Contains(out.String(), "  5  remediation  a fault, its alert, the repair, and what must be true afterwards\ntemplate [1]: ") {
			t.Errorf("asked\n%s", out.String())
		}
	}
	var out strings.Builder
	_, err := ask(t.Context(), strings.NewReader("9\n"), &out)
	if err == nil || err.Error() != "no template was chosen; give --template" {
		t.Errorf("got %v", err)
	}
	if want := `"9" is neither a number from 1 to 5 nor a name`; !strings.Contains(out.String(), want) {
		t.Errorf("%s is missing in\n%s", want, out.String())
	}
}

// TestTemplatesAreLaidOut keeps templates in the form in which fmt leaves a file.
func TestTemplatesAreLaidOut(t *testing.T) {
	for _, name := range templateNames() {
		data, err := templateFiles.ReadFile("templates/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Format(name, data, registry())
		if err != nil || string(formatted) != string(data) {
			t.Errorf("%s is not laid out (%v)", name, err)
		}
	}
}
