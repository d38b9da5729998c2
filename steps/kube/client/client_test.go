package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transport answers requests from a list; the last answer is repeated.
type transport struct {
	answers []func(*http.Request) (*http.Response, error)
	sent    int
}

func (s *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := s.answers[min(s.sent, len(s.answers)-1)]
	s.sent++
	return answer(r)
}

func answer(code int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func status(code int, reason metav1.StatusReason, message string) func(*http.Request) (*http.Response, error) {
	return answer(code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message))
}

func broken(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

var (
	fine    = answer(http.StatusOK, `{"kind":"ConfigMap"}`)
	reset   = broken(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})
	refused = broken(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})
)

func newClient(t *testing.T, policy client.Policy, answers ...func(*http.Request) (*http.Response, error)) (*client.Client, *transport) {
	t.Helper()
	policy.Jitter = func() float64 { return 1 }
	script := &transport{answers: answers}
	api, err := client.New(&rest.Config{Host: "https://api.example:6443", Transport: script}, policy)
	if err != nil {
		t.Fatal(err)
	}
	return api, script
}

var get = client.Request{Method: http.MethodGet, Path: "/api/v1/namespaces/shop"}

func TestDo(t *testing.T) {
	cases := map[string]struct {
		answers []func(*http.Request) (*http.Response, error)
		request client.Request
		sent    int
		took    time.Duration
		want    string // error, "" for success
	}{
		"success": {answers: list(fine), sent: 1},
		"every transient answer is tried again": {
			answers: list(status(429, metav1.StatusReasonTooManyRequests, "busy"), status(503, metav1.StatusReasonServiceUnavailable, "down"),
				status(504, metav1.StatusReasonTimeout, "slow"), answer(502, "bad gateway"), status(500, metav1.StatusReasonUnknown, "etcdserver: leader changed"),
				status(409, metav1.StatusReasonConflict, "Operation cannot be fulfilled on resourcequotas \"q\""), reset, fine),
			sent: 8, took: (50 + 100 + 200 + 400 + 800 + 1600 + 2000) * time.Millisecond,
		},
		"retry-after is honoured": {
			answers: list(answer(429, "busy", "Retry-After", "7"), fine), sent: 2, took: 7 * time.Second,
		},
		"forbidden is final": {
			answers: list(status(403, metav1.StatusReasonForbidden, "you may not")), sent: 1, want: "you may not",
		},
		"a new namespace whose service account is on its way": {
			answers: list(status(403, metav1.StatusReasonForbidden, `pods "a" is forbidden: error looking up service account shop/default: serviceaccount "default" not found`), fine),
			sent:    2, took: 50 * time.Millisecond,
		},
		"another service account is a mistake": {
			answers: list(status(403, metav1.StatusReasonForbidden, `pods "a" is forbidden: error looking up service account shop/robot: serviceaccount "robot" not found`)),
			sent:    1, want: `pods "a" is forbidden: error looking up service account shop/robot: serviceaccount "robot" not found`,
		},
		"an unknown 500 is tried five times": {
			answers: list(status(500, metav1.StatusReasonInternalError, "boom")), sent: 5, took: 750 * time.Millisecond, want: "boom",
		},
		"a field that does not exist is no accident": {
			answers: list(status(500, metav1.StatusReasonUnknown, "failed to create typed patch object (shop/a; /v1, Kind=ConfigMap): errors:\n  .x: field not declared in schema\n  .y: field not declared in schema")),
			sent:    1, want: ".x: field not declared in schema; .y: field not declared in schema",
		},
		"a server that never answered is unreachable at once": {
			answers: list(refused), sent: 1, want: "can't reach https://api.example:6443: connection refused",
		},
		"a server that has answered may be away for a while": {
			answers: list(status(503, metav1.StatusReasonServiceUnavailable, "down"), refused, refused, fine), sent: 4, took: 350 * time.Millisecond,
		},
		"but not for ever": {
			answers: list(status(503, metav1.StatusReasonServiceUnavailable, "down")), sent: 66, took: 121150 * time.Millisecond, want: "down",
		},
		"a hanging attempt is given up": {
			answers: list(hang, fine), sent: 2, took: 30*time.Second + 50*time.Millisecond,
		},
		"what can't be repeated is not": {
			answers: list(reset), request: client.Request{Method: http.MethodPatch, Path: "/x", Once: true}, sent: 1,
			want: `the answer to the request was lost, so it may or may not have been carried out: Patch "https://api.example:6443/x": read tcp: connection reset by peer`,
		},
		"text instead of a status": {
			answers: list(answer(418, "I am a teapot")), sent: 1, want: "the server responded with the status code 418 but did not return more information",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, script := newClient(t, client.Policy{}, c.answers...)
				request := c.request
				if request.Method == "" {
					request = get
				}
				began := time.Now()
				_, err := api.Do(t.Context(), request)
				if took := time.Since(began); took != c.took || script.sent != c.sent {
					t.Errorf("%d requests in %s, want %d in %s", script.sent, took, c.sent, c.took)
				}
				if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && !strings.HasPrefix(got, c.want) {
					t.Errorf("got  %v\nwant %s", err, c.want)
				}
			})
		})
	}
}

func list(answers ...func(*http.Request) (*http.Response, error)) []func(*http.Request) (*http.Response, error) {
	return answers
}

func TestEndOfTimeTellsWhatWasInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, _ := newClient(t, client.Policy{}, status(503, metav1.StatusReasonServiceUnavailable, "the server is starting"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := api.Do(ctx, get)
		want := "context deadline exceeded after 5 attempts; the last one: the server is starting"
		if err == nil || err.Error() != want || !errors.Is(err, context.DeadlineExceeded) || !apierrors.IsServiceUnavailable(err) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestDisruptionBudgetIsNotOverload(t *testing.T) {
	body := `{"kind":"Status","apiVersion":"v1","status":"Failure","code":429,"reason":"TooManyRequests","message":"Cannot evict pod as it would violate the pod's disruption budget.","details":{"causes":[{"reason":"DisruptionBudget"}]}}`
	api, script := newClient(t, client.Policy{}, answer(429, body))
	_, err := api.Do(t.Context(), get)
	if !client.IsDisruptionBudget(err) || script.sent != 1 {
		t.Errorf("%d requests, %v", script.sent, err)
	}
}

func TestServerAddress(t *testing.T) {
	_, err := client.New(&rest.Config{Host: ":no"}, client.Policy{})
	want := `":no" is not the address of a server, expected something such as https://10.0.0.1:6443`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAnswerThatIsCutShortIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		half := answer(200, `{"kind":"ConfigMap","data":{"mode":"o`, "Content-Type", "application/json")
		refusal := answer(403, `{"kind":"Status","code":403,"mess`, "Content-Type", "application/json")
		c, sent := newClient(t, client.Policy{}, half, refusal, answer(200, `{"kind":"ConfigMap"}`, "Content-Type", "application/json"))
		response, err := c.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/x"})
		if err != nil || string(response.Body) != `{"kind":"ConfigMap"}` || sent.sent != 3 {
			t.Errorf("%v after %d requests", err, sent.sent)
		}
		_, err = c.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/x", Check: func(*client.Response) error { return errors.New("not this one") }})
		if err == nil || err.Error() != "not this one" {
			t.Errorf("a check that refuses: %v", err)
		}
	})
}

func TestEarlierAttemptMayHaveWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := status(404, metav1.StatusReasonNotFound, "not found")
		c, _ := newClient(t, client.Policy{}, answer(200, "{}"), gone)
		if _, err := c.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/x"}); err != nil {
			t.Fatal(err)
		}
		_, plain := c.Do(t.Context(), client.Request{Method: http.MethodDelete, Path: "/x"})
		c, _ = newClient(t, client.Policy{}, broken(io.ErrUnexpectedEOF), gone)
		_, doubtful := c.Do(t.Context(), client.Request{Method: http.MethodDelete, Path: "/x"})
		if !apierrors.IsNotFound(plain) || client.MayHaveWorked(plain) || !apierrors.IsNotFound(doubtful) || !client.MayHaveWorked(doubtful) {
			t.Errorf("refused at once: %v; refused after a lost answer: %v", plain, doubtful)
		}
	})
}
