package builtin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTaintsComeAndGoBesideThoseOfOthers(t *testing.T) {
	tests := []struct{ name, before, tainted string }{
		{"none", `{"metadata":{"resourceVersion":"7"},"spec":{}}`, `{"metadata":{"resourceVersion":"7"},"spec":{"taints":[{"key":"a","value":"b","effect":"NoSchedule"}]}}`},
		{
			"others", `{"spec":{"taints":[{"key":"a","effect":"NoExecute"},{"key":"x","effect":"NoSchedule"}]}}`,
			`{"spec":{"taints":[{"key":"a","effect":"NoExecute"},{"key":"x","effect":"NoSchedule"},{"key":"a","value":"b","effect":"NoSchedule"}]}}`,
		},
		{
			"another value", `{"spec":{"taints":[{"key":"a","value":"old","effect":"NoSchedule"},{"key":"x","effect":"NoSchedule"}]}}`,
			`{"spec":{"taints":[{"key":"a","value":"b","effect":"NoSchedule"},{"key":"x","effect":"NoSchedule"}]}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := object(t, tt.before)
			e := prepare(before, map[string]any{"key": "a", "value": "b", "effect": "NoSchedule"}, taint{"a", "b", "NoSchedule"}.path()...)
			tainted, err := patched(t, before, e.apply(before))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, tt.tainted), tainted); diff != "" {
				t.Error(diff)
			}
			back, err := patched(t, tainted, fromLedger(t, e).revert(tainted))
			if err != nil {
				t.Fatal(err)
			}
			want := object(t, tt.before)
			if tt.name == "none" { // the server leaves an empty list out
				want["spec"] = map[string]any{"taints": []any{}}
			}
			if diff := cmp.Diff(want, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAListThatAppearsMeanwhileIsNotLost(t *testing.T) {
	before := object(t, `{"metadata":{"resourceVersion":"7"},"spec":{}}`)
	e := prepare(before, map[string]any{"key": "a", "effect": "NoSchedule"}, taint{"a", "", "NoSchedule"}.path()...)
	now := object(t, `{"metadata":{"resourceVersion":"8"},"spec":{"taints":[{"key":"x","effect":"NoSchedule"}]}}`)
	if after, err := patched(t, now, e.apply(before)); err == nil {
		t.Errorf("the taint of somebody else is lost: %v", after)
	}
}

func TestTaintsThatCanNotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"dedicated":           `"dedicated" is not a taint: write key=value:Effect or key:Effect, as in dedicated=database:NoSchedule`,
		"=x:NoSchedule":       `"=x:NoSchedule" is not a taint: write key=value:Effect or key:Effect, as in dedicated=database:NoSchedule`,
		"dedicated:NoSchedul": `"NoSchedul" is not an effect of a taint; did you mean "NoSchedule"?`,
	} {
		if _, err := parseTaint(text); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestSecretsAreNotInTheLedger(t *testing.T) {
	before := object(t, `{"data":{"password":"aHVudGVyMg=="}}`) // hunter2
	e, err := cover(before, "bad-", "data", "password")
	if err != nil {
		t.Fatal(err)
	}
	spoilt, err := patched(t, before, e.apply(before))
	if err != nil || spoilt["data"].(map[string]any)["password"] != "YmFkLWh1bnRlcjI=" {
		t.Fatalf("%v, %v", spoilt, err)
	}
	written, err := json.Marshal(e.recorded())
	if err != nil || strings.Contains(string(written), "aHVudGVyMg") || strings.Contains(string(written), "YmFkLWh1bnRlcjI") {
		t.Errorf("the ledger has %s, %v", written, err)
	}
	kept := fromLedger(t, e.recorded())
	back, err := patched(t, spoilt, kept.revert(spoilt))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, back); diff != "" {
		t.Error(diff)
	}
	for _, other := range []string{`{"data":{"password":"bmV3"}}`, `{"data":{}}`, `{}`} { // rotated, removed
		if operations := kept.revert(object(t, other)); len(operations) > 0 {
			t.Errorf("%s: %v", other, operations)
		}
	}
}
