package kube_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestParseRef(t *testing.T) {
	for text, want := range map[string]kube.Ref{
		"pods":                   {Kind: "pods"},
		"deployment/web":         {Kind: "deployment", Name: "web"},
		"deployments.apps/web":   {Kind: "deployments.apps", Name: "web"},
		"v1/Pod/web":             {APIVersion: "v1", Kind: "Pod", Name: "web"},
		"apps/v1/Deployment/web": {APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
	} {
		var got kube.Ref
		err := got.UnmarshalText([]byte(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if got.String() != text {
			t.Errorf("%s is written back as %s", text, got)
		}
	}
	const forms = "write kind/name as in deployment/web, apps/v1/Deployment/web, or a kind alone as in pods"
	for text, want := range map[string]string{
		"":          `"" does not name an object: ` + forms,
		"pods/":     `"pods/" does not name an object: ` + forms,
		"a/b/c/d/e": `"a/b/c/d/e" has too many parts to name an object: ` + forms,
	} {
		if _, err := kube.ParseRef(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestRefCheck(t *testing.T) {
	for want, given := range map[string]kube.Ref{
		"no kind is given, expected one such as Deployment":                                                {Name: "web"},
		"pods/web[app=x] has a name and a label selector; give one of them":                                {Kind: "pods", Name: "web", Labels: map[string]string{"app": "x"}},
		`field selector "status.phase": invalid selector: 'status.phase'; can't understand 'status.phase'`: {Kind: "pods", FieldSelector: "status.phase"},
	} {
		if err := given.Check(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	whole := kube.Ref{Kind: "pods", Selector: "a in (b, c)", Labels: map[string]string{"x": "y"}, FieldSelector: "status.phase=Running"}
	if err := whole.Check(); err != nil || whole.String() != "pods[a in (b, c),x=y,status.phase=Running]" {
		t.Errorf("%v %s", err, whole)
	}
}

func TestQuantity(t *testing.T) {
	quantity := kube.Functions()[0].Func
	for text, want := range map[string]float64{
		"512Mi": 536870912, "1Gi": 1073741824, "250m": 0.25, "1.5": 1.5, "100M": 1e8, "1e3": 1000, "0.1": 0.1, "7n": 7e-9, "3Ei": 3458764513820540928,
	} {
		if got, err := quantity(text); err != nil || got != want {
			t.Errorf("quantity(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for value, want := range map[any]string{
		"12Mb": `quantity("12Mb"): not a quantity such as 500m, 1.5 or 2Gi`,
		"":     `quantity(""): not a quantity such as 500m, 1.5 or 2Gi`,
		nil:    "quantity(nil): the field is not set",
		true:   `quantity of a bool: expected text such as "512Mi"`,
	} {
		if _, err := quantity(value); err == nil || err.Error() != want {
			t.Errorf("quantity(%v): got %v, want %s", value, err, want)
		}
	}
	if got, err := quantity(2); err != nil || got != 2.0 {
		t.Errorf("quantity(2) = %v, %v", got, err)
	}
}
