package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// with is a backend whose service has one endpoint.
func with(t *testing.T, name string, ready bool) (backend, func(ready bool)) {
	t.Helper()
	client := fake.NewClientset()
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Name: "web-1", Namespace: "shop", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
		Endpoints:  []discoveryv1.Endpoint{{Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
	}
	slices := client.DiscoveryV1().EndpointSlices("shop")
	if _, err := slices.Create(t.Context(), slice, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return backend{name, client, "shop", "web"}, func(ready bool) {
		slice.Endpoints[0].Conditions.Ready = &ready
		if _, err := slices.Update(context.WithoutCancel(t.Context()), slice, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheFirstHealthyClusterAnswers: a cluster that fails is noticed at the next look, and not before.
func TestTheFirstHealthyClusterAnswers(t *testing.T) {
	primary, setPrimary := with(t, "primary", true)
	secondary, setSecondary := with(t, "secondary", true)
	b := &balancer{backends: []backend{primary, secondary}}
	b.look(t.Context())
	for _, step := range []struct {
		name   string
		change func()
		status int
		body   string
	}{
		{"all is well", func() {}, http.StatusOK, `"cluster":"primary"`},
		{"not noticed yet", func() { setPrimary(false) }, http.StatusBadGateway, `"error":"cluster primary does not answer"`},
		{"noticed", func() { b.look(t.Context()) }, http.StatusOK, `"cluster":"secondary"`},
		{"both fail", func() { setSecondary(false); b.look(t.Context()) }, http.StatusServiceUnavailable, `"error":"no cluster is healthy"`},
		{"back", func() { setPrimary(true); b.look(t.Context()) }, http.StatusOK, `"cluster":"primary"`},
	} {
		step.change()
		w := httptest.NewRecorder()
		b.answer(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.body) {
			t.Errorf("%s: %d %s, want %d and %s", step.name, w.Code, w.Body, step.status, step.body)
		}
	}
}
