package remote

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	out := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &out.Object); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPortOfAService(t *testing.T) {
	service := object(t, "{kind: Service, metadata: {name: web}, spec: {ports: [{name: front, port: 80, targetPort: http}, {name: api, port: 81, targetPort: 8081}, {port: 90}]}}")
	for port, want := range map[string]string{
		"front": "http", "80": "http", "api": "8081", "81": "8081", "90": "90",
		"http": "Service web has no port http; it has 80 front, 81 api, 90", "8081": "Service web has no port 8081; it has 80 front, 81 api, 90",
	} {
		got, err := servicePort(service, port)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", port, got, want)
		}
	}
}

func TestPortOfAContainer(t *testing.T) {
	pod := object(t, "{kind: Pod, metadata: {name: web-0}, spec: {containers: [{name: app, ports: [{containerPort: 1}]}, {name: side, ports: [{name: metrics, containerPort: 9090}]}]}}")
	silent := object(t, "{kind: Pod, metadata: {name: web-1}, spec: {containers: [{name: app}]}}")
	for _, tt := range []struct {
		pod        *unstructured.Unstructured
		port, want string
	}{
		{pod, "metrics", "9090"},
		{pod, "77", "77"},
		{pod, "metric", `pod web-0 has no port called "metric"; did you mean "metrics"?`},
		{silent, "metrics", `pod web-1 names no ports; give the number of the port instead of "metrics"`},
	} {
		number, err := containerPort(tt.pod, tt.port)
		got := fmt.Sprint(number)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.port, got, tt.want)
		}
	}
}

func TestOnlyWhatSPDYMayCureIsTriedAgain(t *testing.T) {
	refusal := func(code int32, reason metav1.StatusReason) error {
		return &httpstream.UpgradeFailureError{Cause: &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Reason: reason, Message: "no"}}}
	}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":      {nil, false},
		"network":      {errors.New("connection refused"), false},
		"no WebSocket": {&httpstream.UpgradeFailureError{Cause: websocket.ErrBadHandshake}, true},
		"old server":   {refusal(400, metav1.StatusReasonBadRequest), true},
		"forbidden":    {refusal(403, metav1.StatusReasonForbidden), false},
		"unauthorized": {refusal(401, metav1.StatusReasonUnauthorized), false},
		"no such pod":  {refusal(404, metav1.StatusReasonNotFound), false},
		"busy":         {refusal(503, metav1.StatusReasonServiceUnavailable), false},
		"proxy":        {errors.New("proxy: unknown scheme: https"), true},
	} {
		if got := old(tt.err); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := plain(refusal(403, metav1.StatusReasonForbidden)); !apierrors.IsForbidden(err) || err.Error() != "no" {
		t.Errorf("a refusal reads %v", err)
	}
}
