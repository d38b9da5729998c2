package kube

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhatAServerSaysAgainstAChange(t *testing.T) {
	said := func(code int32, message string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Message: message}}
	}
	denied := `admission webhook "owner.example.com" denied the request: every object needs an owner`
	rights := `configmaps is forbidden: User "qa" cannot create resource "configmaps" in API group "" in the namespace "default"`
	invalid := &apierrors.StatusError{ErrStatus: metav1.Status{
		Code: 422, Message: "spec.replicas: Invalid value", Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Field: "spec.replicas"}}},
	}}
	for name, test := range map[string]struct {
		err         error
		elsewhere   bool
		want, field string
		fails       string
	}{
		"nothing":                        {},
		"a webhook":                      {err: said(400, denied), want: denied},
		"a webhook, in another place":    {err: said(403, denied), elsewhere: true, want: denied},
		"a field":                        {err: invalid, want: "spec.replicas: Invalid value", field: "spec.replicas"},
		"what comes later":               {err: said(403, `pods "a" is forbidden: error looking up service account default/a: serviceaccount "a" not found`)},
		"a class that comes later":       {err: said(403, `pods "a" is forbidden: no PriorityClass with name high was found`)},
		"rights where the step works":    {err: said(403, rights), want: rights},
		"rights where it is only tried":  {err: said(403, rights), elsewhere: true, fails: "you may not create it in namespace default, where it would be checked: " + rights},
		"a webhook that does not answer": {err: said(500, "failed calling webhook"), fails: "failed calling webhook"},
		"no answer":                      {err: errors.New("connection refused"), fails: "connection refused"},
	} {
		got, err := objection(test.err, test.elsewhere)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got == nil {
			got = &Objection{}
		}
		if text != test.fails || got.Message != test.want || got.Field != test.field {
			t.Errorf("%s: got %+v, %q", name, got, text)
		}
	}
}
