package journal

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestMaskFormsOfASecret(t *testing.T) {
	const secret = `p&ss "w<rd>/+`
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := []struct{ name, text, want string }{
		{"as it is", "login with " + secret + " failed", "login with *** failed"},
		{"several times", secret + secret, "******"},
		{"base64", "data: " + encode(secret), "data: ***"},
		{"base64 without padding", "data: " + base64.RawStdEncoding.EncodeToString([]byte(secret)) + ".", "data: ***."},
		{"base64 for URLs", base64.URLEncoding.EncodeToString([]byte(secret)), "***"},
		{"query of a URL", "?password=p%26ss+%22w%3Crd%3E%2F%2B&x=1", "?password=***&x=1"},
		{"path of a URL", "/p&ss%20%22w%3Crd%3E%2F+/", "/***/"},
		{"JSON", `{"password":"p\u0026ss \"w\u003crd\u003e/+"}`, `{"password":"***"}`},
		{"JSON without HTML escapes", `{"password":"p&ss \"w<rd>/+"}`, `{"password":"***"}`},
		{"nothing to hide", "login as admin", "login as admin"},
	}
	m := &Masker{}
	m.Add(secret)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := m.Mask(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMaskInsideBase64OfALongerText(t *testing.T) {
	const secret = "correct-horse"
	m := &Masker{}
	m.Add(secret)
	for _, before := range []string{"", "a", "ab", "abc", "admin:"} {
		for _, after := range []string{"", "x", "xy"} {
			text := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
			got, err := base64.RawStdEncoding.DecodeString(m.Mask(text))
			if err == nil && cmp.Equal(string(got), before+secret+after) || m.Mask(text) == text {
				t.Errorf("%q in base64 was not hidden: %q", before+secret+after, m.Mask(text))
			}
		}
	}
}

func TestMaskLinesOfASecret(t *testing.T) {
	m := &Masker{}
	m.Add("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nshort\n-----END KEY-----\n")
	got := m.Mask("line: MIIEvQIBADANBgkqhkiG9w0B, short, done")
	if want := "line: ***, short, done"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMaskSecretFromAFile(t *testing.T) {
	m := &Masker{}
	m.Add("hunter22\n")
	if got := m.Mask(`"hunter22"`); got != `"***"` {
		t.Errorf("got %q: the line end of the file must not protect the secret from being hidden", got)
	}
}

func TestMaskIgnoresShortSecrets(t *testing.T) {
	m := &Masker{}
	m.Add("abc")
	m.Add("  x \n")
	m.Add("")
	if m.active() || m.Mask("abc x") != "abc x" {
		t.Error("secrets below four characters must be ignored")
	}
	m.Add("abcd")
	if got := m.Mask("abcd"); got != "***" {
		t.Errorf("got %q, want ***", got)
	}
}

func TestMaskPrefersTheLongerSecret(t *testing.T) {
	m := &Masker{}
	m.Add("token")
	m.Add("token-of-admin")
	if got := m.Mask("token-of-admin, token"); got != "***, ***" {
		t.Errorf("got %q", got)
	}
}

func TestNilMasker(t *testing.T) {
	var m *Masker
	if got := m.Mask("text"); got != "text" {
		t.Errorf("got %q", got)
	}
}

type endpoint struct {
	URL   string `json:"url"`
	Tries int    `json:"tries"`
}

func TestMapStringsReachesEveryText(t *testing.T) {
	event := Event{
		Kind: StepFinished, Scenario: "s3cret", Step: "s3cret", Message: "s3cret",
		Run:      &RunInfo{ID: "s3cret", Arguments: []string{"--var", "s3cret"}, Simulated: "s3cret"},
		Start:    &ScenarioInfo{ID: "s3cret", Name: "s3cret", Description: "s3cret", File: "s3cret", Labels: map[string]string{"a": "s3cret"}},
		StepInfo: &StepInfo{Kind: "s3cret", Title: "s3cret"},
		Undo:     &UndoInfo{Name: "s3cret", Describe: "s3cret", Data: []byte(`"s3cret"`)},
		Result: &Result{
			Message: "s3cret", Cause: "s3cret", Left: []string{"s3cret"},
			Facts:    []step.Fact{{Name: "s3cret", Value: "s3cret"}},
			Sections: []step.Section{{Title: "s3cret", Lines: []string{"s3cret"}}},
			Outputs: map[string]any{
				"s3cret": 1, "list": []any{"s3cret", true, nil}, "texts": []string{"s3cret"},
				"map": map[string]any{"k": "s3cret"}, "struct": endpoint{URL: "s3cret", Tries: 2}, "bad": func() {},
			},
		},
	}
	var m Masker
	m.Add("s3cret")
	before := MapStrings(event, func(s string) string { return s })
	before.Result.Outputs = nil
	got := MapStrings(event, m.Mask)
	want := Event{
		Kind: StepFinished, Scenario: "s3cret", Step: "s3cret", Message: "***",
		Run:      &RunInfo{ID: "s3cret", Arguments: []string{"--var", "***"}, Simulated: "***"},
		Start:    &ScenarioInfo{ID: "s3cret", Name: "***", Description: "***", File: "s3cret", Labels: map[string]string{"a": "***"}},
		StepInfo: &StepInfo{Kind: "s3cret", Title: "***"},
		Undo:     &UndoInfo{Name: "s3cret", Describe: "***", Data: []byte(`"s3cret"`)},
		Result: &Result{
			Message: "***", Cause: "s3cret", Left: []string{"***"},
			Facts:    []step.Fact{{Name: "***", Value: "***"}},
			Sections: []step.Section{{Title: "***", Lines: []string{"***"}}},
			Outputs: map[string]any{
				"***": 1, "list": []any{"***", true, nil}, "texts": []string{"***"},
				"map": map[string]any{"k": "***"}, "struct": map[string]any{"url": "***", "tries": jsonNumber("2")},
				"bad": "can't be written as JSON: json: unsupported type: func()",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrong texts (-want +got):\n%s", diff)
	}
	event.Result.Outputs = nil
	if diff := cmp.Diff(before, event); diff != "" {
		t.Errorf("the event itself was changed:\n%s", diff)
	}
}
